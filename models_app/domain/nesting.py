"""Limits of what a JSON text holds: how deep it is nested, and how many values are in it.

A decoder holds the interpreter while it works: 14 MB of numbers take it for a second, and a text of as many
brackets for longer.
"""

import re

#: Levels of objects and arrays.
MAX_DEPTH = 100
#: Members and items, at all levels.
MAX_VALUES = 100_000

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def fault_of(text: bytes, value: object) -> str | None:
    """Return why the value that `text` was decoded to is nested too deeply; None: it is not.

    >>> fault_of(b'{"a": 1}', {"a": 1}) is None
    True
    """
    # As many levels have as many brackets.
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deep(value):
        return f"must not be nested deeper than {MAX_DEPTH} levels"
    return None


def has_too_many_values(text: bytes) -> bool:
    """Say whether a JSON text has more than `MAX_VALUES` values, before it is decoded.

    >>> has_too_many_values(b"[1, 2, 3]")
    False
    """
    if text.count(b",") < MAX_VALUES:
        return False
    # Commas in strings separate nothing. One string after the other: nobody waits for all of them.
    in_strings = sum(found.group().count(b",") for found in _STRING.finditer(text))
    return text.count(b",") - in_strings >= MAX_VALUES


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [member for container in level for member in _members(container)]
        if not level:
            return False
    return True


def _members(value: object) -> list[object]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [member for member in members if isinstance(member, dict | list)]
