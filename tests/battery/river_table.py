"""The documents' table of River's classes."""

import re
from collections.abc import Mapping

from tests.battery import every, public, reasons
from tests.docs.guides import DOCS

PAGE = DOCS / "reference" / "river.md"
WRITTEN_BY = "WRITE_TABLES=1 python -m pytest -m soak tests/battery/test_every.py writes it"
EXACT = "yes"
_ROW = re.compile(r"^\| `([\w.]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)
_NAME = "classes"


def flavors() -> dict[str, str]:
    """Return what the code says of each class: its flavor, as the table has it."""
    return {public.title(kind): _shown(*every.flavor_of(kind)) for kind in public.classes()}


def _shown(flavor: str, is_step: bool) -> str:
    if not flavor:
        return "-"
    return every.STEP if is_step else f"`{flavor}`"


def committed() -> dict[str, tuple[str, str]]:
    """Return the rows of the page: flavor, and whether it is exact, by class."""
    return {title: (flavor, exact) for title, flavor, exact in _ROW.findall(PAGE.read_text(encoding="utf-8"))}


def cell(title: str, *, deviations: set[str], refusal: str) -> str:
    """Return whether a class is exact, as the table has it."""
    if refusal:
        return f"not served: {reasons.REASONS.get(title, reasons.NO_FLAVOR)}"
    if deviations:
        return f"no: {reasons.REASONS.get(title, ', '.join(sorted(deviations)))}"
    return EXACT


def render(cells: Mapping[str, str]) -> str:
    """Return the table, with what it comes to."""
    taken = flavors()
    n_served = sum(not text.startswith("not served") for text in cells.values())
    n_exact = sum(text == EXACT for text in cells.values())
    lines = [f"{n_served} of {len(cells)} classes are served, {n_exact} of them exactly.", ""]
    lines += ["| class | flavor | exact |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{title}` | {taken[title]} | {cells[title]} |" for title in taken), ""])


def write(cells: Mapping[str, str]) -> None:
    """Put the table into the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(f"<!-- {_NAME} -->\n")
    after = rest.split(f"<!-- /{_NAME} -->\n")[1]
    text = f"{before}<!-- {_NAME} -->\n{render(cells)}<!-- /{_NAME} -->\n{after}"
    PAGE.write_text(text, encoding="utf-8")
