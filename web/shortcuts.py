"""The short way of a request: from its body to its answer without a task in between.

A task, its messages and what is around them take as long as the work for a short answer. The server may hand
over a body that has come as a whole, and is called back with the answer; what is not as simple is dispatched.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from web import exceptions, refusals
from web.answers import plain_head
from web.asgi import Reply


class ShortView(Protocol):
    """A view as a shortcut knows it, all in the event loop."""

    @property
    def submit(self) -> Callable[["Shortcut", Any], None]:
        """Has a command done; its answer goes to the shortcut's `set_result` or `set_exception`, once."""

    @property
    def refused(self) -> Callable[[int], None]:
        """Hears the status of an answer that is a refusal."""

    @property
    def called(self) -> Callable[[int], None]:
        """Hears how long an answer took, in nanoseconds."""

    def ask(self, body: bytes) -> Any:
        """Return the command that a body is."""

    def respond(self, command: Any, answer: Any) -> tuple[int, bytes]:
        """Return the answer to a command as the client gets it: its status, and JSON."""


class Shortcut:
    """One request under way, in the place of a future for what is asked of it."""

    __slots__ = ("_command", "_is_done", "_reply", "_started", "_view")

    def __init__(self, view: ShortView, reply: Reply) -> None:
        self._view = view
        self._reply = reply
        self._started = time.perf_counter_ns()
        self._is_done = False

    def take(self, body: bytes) -> "Shortcut":
        """Do what a body asks; it may be answered at once."""
        try:
            self._command = self._view.ask(body)
            self._view.submit(self, self._command)
        except Exception as error:
            self.set_exception(error)
        return self

    def cancel(self) -> None:
        """Answer that the server stops, unless it is answered already."""
        if not self._is_done:
            self.set_exception(refusals.stopping())

    def done(self) -> bool:
        """Say whether it is answered."""
        return self._is_done

    def set_result(self, answer: Any) -> None:
        """Answer with what was asked for."""
        try:
            status, content = self._view.respond(self._command, answer)
        except Exception as error:
            self.set_exception(error)
            return
        self._end(status, plain_head(content), content)

    def set_exception(self, error: BaseException) -> None:
        """Answer with a refusal."""
        refusal = exceptions.answer_to(error, {"view": self._view})
        self._end(refusal.status_code, refusal.head(), refusal.content)

    def _end(self, status: int, head: bytes, content: bytes) -> None:
        self._is_done = True
        duration_ns = time.perf_counter_ns() - self._started
        # First of all: who listens must not keep the client waiting.
        self._reply(status, head, content)
        if status >= 400:
            self._view.refused(status)
        self._view.called(duration_ns)
