"""Limits that the application may set on a connection while it answers."""

import asyncio

from web.asgi import Scope

#: The name of the extension in the scope.
CONNECTION_EXTENSION = "chantilly.connection"


class Connection:
    """The server's patience with one client, where it is not the usual."""

    __slots__ = ("_transport", "follows", "rests")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        #: The body may come as slowly as it likes, and the answer be taken so.
        self.rests = False
        #: The answer goes on until the client leaves; nobody waits for one that does not read it.
        self.follows = False

    def abort(self) -> None:
        """Drop the connection, and what the client has not read."""
        self._transport.abort()


def connection_of(scope: Scope) -> Connection | None:
    """Return the connection; None under servers other than the one here."""
    found: Connection | None = scope.get("extensions", {}).get(CONNECTION_EXTENSION)
    return found
