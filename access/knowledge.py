"""The process's knowledge of who there is, as the server asks for it."""

from collections.abc import Awaitable

from access import tickets
from access.following import Follower, load
from access.principals import Principal
from access.registry import Registry
from access.sessions import Sessions


class Knowledge:
    """Tokens, tickets and sessions; see `web.access.Access`."""

    def __init__(self, registry: Registry, sessions: Sessions) -> None:
        self._registry = registry
        self._sessions = sessions

    def of_token(self, token: bytes) -> Principal | None:
        """Return whose token it is."""
        return self._registry.find(token)

    def of_ticket(self, ticket: str) -> Principal | None:
        """Return for whose token a ticket was made."""
        pk = tickets.read(ticket)
        return None if pk is None else self._registry.by_pk(pk)

    def of_cookies(self, cookies: bytes) -> Awaitable[Principal | None]:
        """Return who has logged in."""
        return self._sessions.find(cookies)


registry = Registry(load)
_sessions = Sessions()
knowledge = Knowledge(registry, _sessions)
follower = Follower(registry, _sessions)
