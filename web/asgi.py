"""The interface between a server and an application, as types: ASGI 3, and the short way beside it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Names (in lower case, from a client) and values.
Headers = list[tuple[bytes, bytes]]

#: Takes the answer, once, in the event loop: status, header lines, body.
Reply = Callable[[int, bytes, bytes], None]


class Asked(Protocol):
    """A request under way on the short way."""

    def cancel(self) -> None:
        """Answer at once."""


#: Takes a body and how to answer it; None: the request has to be dispatched.
AnswerSoon = Callable[[bytes, Reply], Asked | None]
#: Takes a scope (type, method, path, headers, client) and the length of a body, in bytes; None: the
#: application has to be called.
ShortWay = Callable[[Scope, int], AnswerSoon | None]
