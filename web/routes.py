"""Addresses, and the routes that serve them."""

from collections.abc import Mapping

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.urls import Resolver404, ResolverMatch, get_resolver

from web.rates import Limit, limits

#: Where records are sent by WebSocket; Django has no routes for these.
SOCKET = "/ws/stream"
#: The route of addresses that there are not.
NOWHERE = "/"


def name_of(match: ResolverMatch) -> str:
    """Return a route as limits know it."""
    return f"/{match.route}"


def route_of(address: str) -> str | None:
    """Return the route that serves an address of the API, whatever stands for a name in it; None: none does.

    Pages have none: Django's own handler serves them.
    """
    path = address.rstrip("/")
    if path == SOCKET:
        return path
    try:
        match = get_resolver().resolve(path)
    except Resolver404:
        return None
    return name_of(match) if iscoroutinefunction(match.func) else None


def limits_of_settings() -> Mapping[str, Limit]:
    """Return what RATE_LIMITS has, by scope or route; raises ValueError where an address is none."""
    return limits(settings.RATE_LIMITS, by="see RATE_LIMITS", route_of=route_of)
