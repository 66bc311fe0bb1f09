import asyncio

from chantilly_project.asgi import application
from web.asgi import Message


class TestWebSockets:
    def test_are_closed_before_the_handshake(self) -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/ws", "headers": [(b"host", b"localhost")]}
        asyncio.run(application(scope, receive, send))

        assert sent == [{"type": "websocket.close", "code": 1008}]
