"""Reports of requests at their end: who observes them stands around everything else."""

import random
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.urls import Resolver404, get_resolver

from web.asgi import AnswerSoon, Application, Asked, Message, Receive, Reply, Scope, Send

# What a proxy in front may have called the request; anything else is not repeated.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Who is behind a proxy is found by uvicorn, on the ordinary way only.
_FORWARDED = {b"x-forwarded-for", b"x-forwarded-proto"}
# Of the answer's header.
_OUTCOME_HEADERS = {b"error-code": "error", b"error-id": "error_id"}
_MAX_ROUTES = 1_000

_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True, kw_only=True)
class Request:
    """A request that has ended. Times are on the clocks of `time.perf_counter` and `time.time_ns`.

    An application may have a subclass, which knows more, and in the context variable gets hold of the request
    while it is served.
    """

    request_id: str
    method: str
    path: str
    scope: Scope = field(repr=False)
    started_at: float
    started_ns: int
    ended_at: float = 0.0
    route: str | None = None
    status: int | None = None
    error: str | None = None
    error_id: str | None = None
    trace_id: str | None = None

    @property
    def client(self) -> str | None:
        """The address that the request came from."""
        client: tuple[str, int] | None = self.scope.get("client")
        return None if client is None else client[0]

    @property
    def outcome(self) -> str:
        """Say in a word how it went; `gone`: the client did not wait for an answer."""
        if self.status is None:
            return "gone"
        if self.status >= 500:
            return "failed"
        return "refused" if self.status >= 400 else "ok"

    def resolved(self, parameters: Mapping[str, Any]) -> None:
        """Note what the route's parameters say."""

    def noted(self) -> Mapping[str, object]:
        """Return what else is known, for the log."""
        return _NOTHING

    def attributes(self) -> Mapping[str, Any]:
        """Return what else is known, for a span; None is left out."""
        return _NOTHING

    def parts(self) -> Iterable[tuple[str, float, float]]:
        """Return what the time went into: names, beginnings, ends."""
        return ()


#: The request being served; None where nobody wants to know.
current_request: ContextVar[Request | None] = ContextVar("request", default=None)
#: Called with a request that has ended; must not raise.
Observer = Callable[[Request], None]


class Observed:
    """ASGI middleware: reports to observers, in their order, each request and each WebSocket at its end.

    Each answer gets the header `X-Request-Id`.
    """

    def __init__(
        self,
        application: Application,
        observers: Sequence[Observer],
        *,
        make: type[Request] = Request,
        current: ContextVar[Any] = current_request,
        sockets: Iterable[str] = (),
    ) -> None:
        """`make` makes requests, `current` gets the one being served; `sockets` are WebSockets' addresses."""
        self._make = make
        self._current = current
        self._application = application
        self._short_way = getattr(application, "short_way", None)
        self._observers = observers
        self._routes = Routes(sockets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and report it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        request = _request(self._make, scope)
        token = self._current.set(request)
        try:
            await self._application(scope, receive, partial(_send, request, send))
        except Exception:
            # The server's answer, if none has begun.
            request.status = request.status or 500
            raise
        finally:
            self._current.reset(token)
            self._end(request)

    def short_way(self, scope: Scope, length: int) -> AnswerSoon | None:
        """Return how the application answers a body of that many bytes soon; None: as ever."""
        if self._short_way is None or any(name in _FORWARDED for name, _ in scope["headers"]):
            return None
        answer_soon = self._short_way(scope, length)
        return None if answer_soon is None else partial(self._answer_soon, scope, answer_soon)

    def _answer_soon(self, scope: Scope, answer_soon: AnswerSoon, body: bytes, reply: Reply) -> Asked | None:
        request = _request(self._make, scope)
        token = self._current.set(request)
        try:
            return answer_soon(body, partial(self._reply, request, reply))
        finally:
            self._current.reset(token)

    def _reply(self, request: Request, reply: Reply, status: int, head: bytes, body: bytes) -> None:
        if status >= 400:
            for line in head.splitlines():
                name, _, value = line.partition(b": ")
                _note_header(request, name, value)
        request.status = status
        reply(status, b"%sx-request-id: %s\r\n" % (head, request.request_id.encode()), body)
        self._end(request)

    def _end(self, request: Request) -> None:
        request.ended_at = time.perf_counter()
        request.route, parameters = self._routes.find(request.path)
        request.resolved(parameters)
        for observer in self._observers:
            observer(request)


class Routes:
    """The routes that addresses lead to, as they are written down."""

    def __init__(self, sockets: Iterable[str] = ()) -> None:
        self._known = {path: path for path in sockets}

    def find(self, path: str) -> tuple[str | None, Mapping[str, Any]]:
        """Return the route, None if there is none, and the values of its parameters."""
        known = self._known.get(path)
        if known is not None:
            return known, _NOTHING
        for written in (path, path.rstrip("/")):
            try:
                match = get_resolver().resolve(written)
            except Resolver404:
                continue
            route = f"/{match.route}"
            if not match.kwargs and len(self._known) < _MAX_ROUTES:
                self._known[path] = route
            return route, match.kwargs
        return None, _NOTHING


def _request(make: type[Request], scope: Scope) -> Request:
    is_http = scope["type"] == "http"
    return make(
        request_id=_request_id(scope),
        method=scope["method"] if is_http else "WEBSOCKET",
        path=scope["path"],
        scope=scope,
        started_at=time.perf_counter(),
        started_ns=time.time_ns(),
    )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            given: str = value.decode()
            return given
    return f"{random.getrandbits(64):016x}"


async def _send(request: Request, send: Send, message: Message) -> None:
    kind = message["type"]
    if kind in {"http.response.start", "websocket.http.response.start"}:
        request.status = message["status"]
        headers = list(message["headers"])
        if message["status"] >= 400:
            for name, value in headers:
                _note_header(request, name, value)
        headers.append((b"x-request-id", request.request_id.encode()))
        message = {**message, "headers": headers}
    elif kind == "websocket.accept":
        request.status = 101
    elif kind == "websocket.close" and request.status is None:
        # The server answers the handshake so.
        request.status = 403
    await send(message)


def _note_header(request: Request, name: bytes, value: bytes) -> None:
    attribute = _OUTCOME_HEADERS.get(name.lower())
    if attribute is not None:
        setattr(request, attribute, value.decode("latin-1"))
