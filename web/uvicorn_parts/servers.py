"""Uvicorn's server, with hooks at its times."""

import asyncio
import socket

import uvicorn

_TICKS_IN_A_SECOND = 10
_HURRY_SECONDS = 0.05


class TickingServer(uvicorn.Server):
    """Calls subclasses at their times."""

    def tick(self, *, hurry: bool) -> None:
        """Look after things: called about once a second, while it stops more often, and in a hurry."""

    def ready(self) -> None:
        """Called once clients are answered."""

    async def stopping(self) -> None:
        """Called when no new connections are taken any more, before the open ones end."""

    async def on_tick(self, counter: int) -> bool:
        """Look after things; called ten times a second."""
        if counter % _TICKS_IN_A_SECOND == 0:
            self.tick(hurry=False)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say that it is done."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        for server in self.servers:
            server.close()
        await self.stopping()
        hurrying = asyncio.create_task(self._tick_in_a_hurry())
        try:
            await super().shutdown(sockets)
        finally:
            hurrying.cancel()

    async def _tick_in_a_hurry(self) -> None:
        while True:
            self.tick(hurry=True)
            await asyncio.sleep(_HURRY_SECONDS)
