"""Grafana's schema, as `grafana-foundation-sdk` has it: classes for Python that Grafana makes from it."""

import enum
import json
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Protocol

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

register_default_plugins()


class Schema(Protocol):
    """A class of the package."""

    def from_json(self, data: dict[str, Any]) -> object:
        """Read what JSON says, and leave out what the schema does not know."""


def faults(schema: Schema, content: dict[str, Any], place: str = "") -> list[str]:
    """Return what a part of a file has that Grafana's schema does not know, or of another type."""
    read = schema.from_json(content)
    kept = json.loads(json.dumps(read, cls=JSONEncoder))
    return [*_lost(content, kept, place), *_mistyped(read, type(read), place)]


def _lost(before: Any, after: Any, place: str) -> Iterator[str]:
    """Yield what is not as it was after reading and writing: the schema has no such field."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if value is not None or key in after:
                yield from _lost(value, after.get(key), f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{place}[{number}]")
    elif before != after:
        yield f"{place}: {before!r} became {after!r}"


def _mistyped(value: Any, hint: Any, place: str) -> Iterator[str]:
    """Yield what is of another type than the schema says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        yield from _of_no_member(value, arguments, place)
    elif origin in {list, dict} and isinstance(value, origin):
        items = value.items() if origin is dict else enumerate(value)
        for key, item in items:
            yield from _mistyped(item, arguments[-1], f"{place}[{key!r}]")
    elif isinstance(value, dict) and hasattr(hint, "from_json"):
        # The package itself has not read it.
        yield from faults(hint, value, place)
    elif not _fits(value, hint, origin, arguments):
        yield f"{place}: {value!r} is no {hint}"
    elif type(value).__module__.startswith("grafana_foundation_sdk.models"):
        names = vars(sys.modules[type(value).__module__])
        for name, inner in typing.get_type_hints(type(value), names).items():
            yield from _mistyped(getattr(value, name), inner, f"{place}.{name}")


def _of_no_member(value: Any, members: tuple[Any, ...], place: str) -> list[str]:
    """Return why a value is none of a union's members; nothing where it is one of them."""
    found = [list(_mistyped(value, member, place)) for member in members]
    if not all(found):
        return []
    # What is wrong deep inside says more than that the whole is not None.
    return max(found, key=lambda some: max(len(fault.partition(": ")[0]) for fault in some))


def _fits(value: Any, hint: Any, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if origin is Literal:
        return value in arguments
    if hint in {Any, object}:
        return True
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in [member.value for member in hint]
    if origin is not None or (isinstance(value, bool) and hint is not bool):
        return False
    return isinstance(value, (int, float) if hint is float else hint)
