import asyncio
from typing import Any

import pytest
from django.test import override_settings

from models_app.services import hooks, runtime
from web.asgi import Message
from web.lifespan import Lifespan


def live(lifespan: Lifespan, *, between: Any = None) -> list[str]:
    """Play a server that starts, does something and stops; give the types of the answers."""

    async def play() -> list[str]:
        sent: list[str] = []
        steps = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> Message:
            step = next(steps)
            if step == "lifespan.shutdown" and between is not None:
                await asyncio.to_thread(between)
            return {"type": step}

        async def send(message: Message) -> None:
            sent.append(message["type"])

        await lifespan({"type": "lifespan"}, receive, send)
        return sent

    return asyncio.run(play())


@pytest.mark.django_db(transaction=True)
class TestLifespan:
    def test_starts_and_stops_the_engine(self) -> None:
        running: list[bool] = []

        answers = live(Lifespan(runtime), between=lambda: running.append(runtime.engine_is_running()))

        assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert running == [True]
        assert not runtime.engine_is_running()

    def test_announces_the_stop_where_the_server_has_not(self) -> None:
        announced: list[str] = []
        hooks.shutdown.add(lambda: announced.append("stop"))

        live(Lifespan(runtime))

        assert announced == ["stop"]

    def test_does_not_announce_it_twice(self) -> None:
        announced: list[str] = []
        hooks.shutdown.add(lambda: announced.append("stop"))

        live(Lifespan(runtime), between=runtime.announce_shutdown)

        assert announced == ["stop"]

    @override_settings(ROOT_URLCONF="no.such.routes")
    def test_notifies_the_server_that_it_could_not_start(self) -> None:
        answers = live(Lifespan(runtime))

        assert answers[0] == "lifespan.startup.failed"
