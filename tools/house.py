"""The house, drawn from the imports: `python tools/house.py` prints the picture in CONTRIBUTING.md.

A room is a package; an arrow goes from a room to one that it imports. Arrows that others imply are left out:
who imports services may import what is below services, too.
"""

import itertools
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGES = ("chantilly_project", "access", "monitoring", "models_app", "web")
#: Its packages are rooms of their own.
HOUSE = "models_app"
#: Between these marks stands the picture.
BEGIN, END = "<!-- house -->", "<!-- /house -->"
# Django's own places: what is in them belongs to the rooms around.
_NO_ROOMS = {"apps", "migrations", "sqlite", "templatetags"}


def rooms() -> dict[str, set[str]]:
    """Return each room with those that it imports."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        room = _room_of(module)
        if room is None:
            continue
        imported = {_room_of(other) for other in graph.find_modules_directly_imported_by(module)}
        found.setdefault(room, set()).update(other for other in imported if other not in (None, room))
    return found


def _room_of(module: str) -> str | None:
    package, *inside = module.split(".")
    if package != HOUSE:
        return package
    return inside[0] if inside and inside[0] not in _NO_ROOMS else None


def reduced(imports: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Leave out the arrows that others imply.

    >>> reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    {'a': ['b'], 'b': ['c'], 'c': []}
    """
    below = {room: _below(imports, room) for room in imports}
    return {
        room: sorted(
            other for other in others if not any(other in below[third] for third in others - {other})
        )
        for room, others in imports.items()
    }


def _below(imports: Mapping[str, set[str]], room: str) -> set[str]:
    found: set[str] = set()
    waiting = [room]
    while waiting:
        fresh = imports[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def picture() -> str:
    """Return the picture, for Mermaid."""
    imports = rooms()
    arrows = reduced(imports)
    # From the top: who is imported by nobody comes first.
    order = sorted(imports, key=lambda room: (-len(_below(imports, room)), room))
    lines = ["```mermaid", "flowchart TD"]
    lines += itertools.chain.from_iterable(
        [f"    {room} --> {other}" for other in sorted(arrows[room], key=order.index)] for room in order
    )
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    sys.stdout.write(picture() + "\n")
