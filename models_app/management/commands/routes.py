"""`manage.py routes`: what the server answers to."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver, get_resolver

# Django's own, some dozens, all below one.
FOLDED = "admin/"


class Command(BaseCommand):
    """List the routes with their methods."""

    help = "Lists the routes with their methods."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print a line a route."""
        rows = list(_routes(get_resolver().url_patterns, "/"))
        width = max(len(methods) for methods, _ in rows)
        for methods, route in rows:
            self.stdout.write(f"{methods:{width}}  {route}")


def _routes(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield ", ".join(_methods(pattern.callback)), route
        elif str(pattern.pattern) == FOLDED:
            yield "GET, POST", route + "..."
        else:
            yield from _routes(pattern.url_patterns, route)


def _methods(view: Callable[..., Any]) -> list[str]:
    """The methods of a viewset's route, of a class-based view, or GET for a plain function."""
    actions = getattr(view, "actions", None)
    if actions:
        # Django REST framework adds HEAD at the first request.
        return [method.upper() for method in actions if method != "head"]
    view_class = getattr(view, "cls", getattr(view, "view_class", None))
    names = getattr(view_class, "http_method_names", ["get"])
    return [
        name.upper() for name in names if name != "options" and (name == "get" or hasattr(view_class, name))
    ]
