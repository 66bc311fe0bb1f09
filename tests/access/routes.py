"""All routes of the server, but Django's admin."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from web.needs import Need, need_of

ADMIN = "admin/"


def routes() -> Iterator[tuple[str, str, Need]]:
    """Yield method, address as it is written down, and need of each."""
    for address, view in _views(get_resolver().url_patterns, "/"):
        for method in methods(view):
            need = need_of(view, method)
            assert need is not None, f"{method} {address} names no scope"
            yield method, address, need


def methods(view: Any) -> list[str]:
    """Return the methods to try."""
    actions = getattr(view, "actions", None)
    return [method.upper() for method in actions] if actions else ["GET"]


def _views(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield address, pattern.callback
        elif str(pattern.pattern) != ADMIN:
            yield from _views(pattern.url_patterns, address)
