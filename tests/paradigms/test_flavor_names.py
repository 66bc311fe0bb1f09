"""Where flavors are named: in their own package, and nowhere else."""

import re
from pathlib import Path

import models_app
from models_app.paradigms.registry import FLAVORS

ROOT = Path(models_app.__file__).parents[1]
# Alerts are of kinds, and one of these is a drift.
NAMES = [name for name in FLAVORS if name != "drift"]
# Of bytes OpenAPI says "format": "binary".
QUOTED = re.compile(rf"""(?<!"format": )["']({"|".join(NAMES)})["']""")


def sources() -> list[Path]:
    """Return the programs and the templates, but those of the paradigms and what has happened already."""
    folders = ("models_app", "monitoring", "chantilly_project", "web", "templates", "static")
    return [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html", ".js"} and not {"paradigms", "migrations"} & set(path.parts)
    ]


def test_no_flavor_is_named_outside_its_package() -> None:
    paths = sources()
    assert len(paths) > 300
    assert QUOTED.search((ROOT / "models_app/paradigms/binary.py").read_text(encoding="utf-8"))

    named = [path for path in paths if QUOTED.search(path.read_text(encoding="utf-8"))]

    assert named == []
