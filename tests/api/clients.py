"""Clients of the API in this process: the whole way from ASGI's messages to the engine, without a server."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from models_app.api.handler import ApiHandler
from models_app.api.sockets import StreamConsumer

T = TypeVar("T")
HOST = [(b"host", b"testserver")]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the application."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded strictly."""
        return msgspec.json.decode(self.body)


class Client:
    """Sends requests, one after the other, in one event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._api = ApiHandler()

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop."""
        return self._runner.run(work)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: bytes = b"",
        headers: Sequence[tuple[bytes, bytes]] = (),
        pieces: Sequence[bytes] | None = None,
    ) -> Answer:
        """Send a request, dispatched as are those that do not go the short way; `pieces`: of a body."""
        parts = list(pieces if pieces is not None else [body])
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "root_path": "",
            "raw_path": path.encode("utf-8", "replace"), "query_string": query, "scheme": "http",
            "headers": [*HOST, *headers], "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.Event().wait()
            piece = parts.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        self.run(self._api(scope, receive, send))
        content = b"".join(message.get("body", b"") for message in sent[1:])
        names = {name.lower(): value for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], names, content)

    def post(self, path: str, body: bytes) -> Answer:
        """Post a body, dispatched."""
        return self.send("POST", path, body)

    def post_short(self, path: str, body: bytes) -> Answer | None:
        """Post a body on the short way; None: it has to be dispatched."""

        async def run() -> Answer | None:
            answer_soon = self._api.short_way({"path": path, "headers": HOST}, len(body))
            assert answer_soon is not None
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

            def reply(status: int, head: bytes, content: bytes) -> None:
                lines = [line.split(b": ", 1) for line in head.split(b"\r\n") if line]
                answered.set_result(Answer(status, dict(lines), content))

            if answer_soon(body, reply) is None:
                return None
            return await answered

        return self.run(run())

    def exchange(self, messages: Sequence[bytes | str]) -> list[Any]:
        """Send messages on a WebSocket; return the answers, decoded strictly."""
        n_left = len(messages)
        came: list[dict[str, Any]] = [{"type": "websocket.connect"}]
        came += [
            {"type": "websocket.receive", "text": message}
            if isinstance(message, str)
            else {"type": "websocket.receive", "bytes": message}
            for message in messages
        ]
        answers: list[Any] = []
        all_answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if came:
                return came.pop(0)
            await all_answered.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                answers.append(msgspec.json.decode(message["text"]))
            if len(answers) == n_left or message["type"] == "websocket.close":
                all_answered.set()

        async def run() -> None:
            if not messages:
                return
            await StreamConsumer.as_asgi()({"type": "websocket", "path": "/ws/stream"}, receive, send)

        self.run(run())
        return answers
