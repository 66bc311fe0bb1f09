"""The short way through Django: what `ASGIHandler` does, less what an API has no use for."""

import asyncio
import functools
import logging
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver

from web import exceptions, refusals
from web.access import Gate, goes_on
from web.answers import ALWAYS, ExchangeResponse, JsonAnswer
from web.asgi import AnswerSoon, Message, Receive, Scope, Send
from web.connection import connection_of
from web.needs import KNOWN, need_of
from web.refusals import Refusal
from web.requests import LeanRequest
from web.routes import NOWHERE, name_of

logger = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Handler(ASGIHandler):
    """Serves views that are `async def`, and need no middleware.

    Against Django's own handler it has no middleware, no thread of its own for each request, and watches for
    a client that disconnects only where an answer is streamed. It reads a body into memory, no further than
    the route allows: a view's `max_body_bytes`, else `MAX_BODY_BYTES`.
    """

    def __init__(self, gate: Gate | None = None) -> None:
        """With a gate, nobody gets to a view who has not what it needs."""
        super().__init__()
        self._gate = gate
        self._routes: dict[str, _Route] = {}

    def load_middleware(self, is_async: bool = False) -> None:
        """Load none: no session, no CSRF token and no messages are needed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._respond(scope, receive)
        except ClientGone:
            return
        try:
            if not isinstance(response, StreamingHttpResponse):
                await _send(response, send)
            elif isinstance(response, ExchangeResponse):
                await _exchange(response, send)
            else:
                await _stream(response, scope, receive, send)
        finally:
            # Closing sends Django's `request_finished`; who has something to close needs that, in a thread.
            if response._resource_closers:  # type: ignore[attr-defined]  # private, as all of closing
                await sync_to_async(response.close, thread_sensitive=False)()

    def short_way(self, scope: Scope, length: int) -> AnswerSoon | None:
        """Return what answers a POST with a body of that many bytes soon; None: call the handler as ever."""
        route = self._routes.get(scope["path"])
        if route is None or length > route.limit or route.answer_soon is None:
            return None
        if self._gate is None:
            return route.answer_soon
        need = need_of(route.match.func, "POST")
        return self._gate.short_way(scope, need, route.answer_soon, name_of(route.match))

    async def _respond(self, scope: Scope, receive: Receive) -> HttpResponseBase:
        try:
            request = LeanRequest(scope)
            route = self._routes.get(request.path_info) or await self._find(request.path_info, scope)
            request.resolver_match = match = route.match
            if self._gate is not None:
                need = need_of(match.func, request.method)
                await self._gate.admit(scope, need, match.kwargs, name_of(match))
            if scope.get("query_string"):
                self.check_query(scope["query_string"], match.func, request.method)
            if route.reads_body:
                request.receive = receive
                if (connection := connection_of(scope)) is not None:
                    connection.rests = True
            else:
                request.set_body(await _read_body(request, route.limit, receive))
            response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        except UnicodeDecodeError:
            unreadable = Refusal(400, "bad_request", "The request's line or headers cannot be decoded.")
            return exceptions.refusal(unreadable)
        except asyncio.CancelledError:
            # The server has waited for its last requests as long as it may.
            return exceptions.refusal(refusals.stopping())
        except ClientGone:
            raise
        except Exception as error:
            return exceptions.answer_to(error, {})
        return response

    def check_query(self, query: bytes, view: Any, method: str) -> None:
        """Refuse, by raising, what a view does not take after the question mark; here nothing is refused."""

    async def _find(self, path: str, scope: Scope) -> "_Route":
        try:
            return self._resolve(path)
        except Resolver404:
            if self._gate is not None:
                await self._gate.admit(scope, KNOWN, {}, NOWHERE)
            raise

    def _resolve(self, path: str) -> "_Route":
        route = _Route(get_resolver().resolve(path))
        if not route.match.kwargs:
            # There are as many of these as routes; addresses with a name in them could be any number.
            self._routes[path] = route
        return route


class _Route:
    """The target of an address: the view, and how its body is read."""

    __slots__ = ("answer_soon", "limit", "match", "reads_body")

    def __init__(self, match: ResolverMatch) -> None:
        view = getattr(match.func, "cls", None)
        limit: int | None = getattr(view, "max_body_bytes", None)
        self.match = match
        #: In bytes.
        self.limit = default_limit() if limit is None else limit
        self.reads_body = bool(getattr(view, "reads_body", False))
        self.answer_soon: AnswerSoon | None = getattr(match.func, "answer_soon", None)


@functools.cache
def default_limit() -> int:
    """Return `MAX_BODY_BYTES`; to look at a setting takes longer than to look at the body."""
    limit: int = settings.MAX_BODY_BYTES
    return limit


async def _read_body(request: LeanRequest, limit: int, receive: Receive) -> bytes:
    # Before anything is received: asking for the body has a careful client send it.
    if (request.content_length or 0) > limit:
        raise refusals.too_large(limit)
    parts = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body: bytes = message.get("body", b"")
        size += len(body)
        if size > limit:
            raise refusals.too_large(limit)
        parts.append(body)
        if not message.get("more_body"):
            # Most bodies come in one piece, and are not copied then.
            return body if len(parts) == 1 else b"".join(parts)


def _start(response: HttpResponseBase) -> Message:
    if isinstance(response, JsonAnswer):
        headers = response.ready_headers()
    else:
        headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
        if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
            headers.append((b"Content-Length", str(len(response.content)).encode()))
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": headers + ALWAYS,
    }


async def _send(response: HttpResponseBase, send: Send) -> None:
    await send(_start(response))
    body = response.content if isinstance(response, HttpResponse) else b""
    await send({"type": "http.response.body", "body": body})


async def _stream(response: StreamingHttpResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a streamed answer until it ends, its client goes, or its client stops reading."""
    sending = asyncio.create_task(_pump(response, scope, send))
    watching = asyncio.create_task(_disconnected(receive))
    tasks = (sending, watching)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


async def _exchange(response: ExchangeResponse, send: Send) -> None:
    """Send an answer that reads the request meanwhile; a client may take it as slowly as it likes."""
    await send(_start(response))
    async with aclosing(aiter(response)) as parts:  # type: ignore[type-var]  # a generator, or as good as one
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _pump(response: StreamingHttpResponse, scope: Scope, send: Send) -> None:
    if (connection := connection_of(scope)) is not None:
        connection.follows = True
    await send(_start(response))
    may_go_on = goes_on()
    async with aclosing(aiter(response)) as parts:  # type: ignore[type-var]  # a generator, or as good as one
        async for part in parts:
            if not may_go_on():
                # Their token is not valid any more.
                break
            try:
                async with asyncio.timeout(settings.STREAM_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            except TimeoutError:
                logger.info("a client that stopped reading %s was cut off", scope["path"])
                _abort(scope)
                return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _abort(scope: Scope) -> None:
    # Closing in good order would wait, for as long as the system likes, for what the client does not read.
    if (connection := connection_of(scope)) is not None:
        connection.abort()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
