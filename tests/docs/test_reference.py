"""The reference is complete, and says what is so."""

import os
import re
from pathlib import Path

import httpx
from django.urls import get_resolver

from chantilly_project.setting_table import markdown_table
from models_app.api import describing, exceptions
from models_app.domain import errors
from models_app.domain.scoring import name_of
from models_app.management.commands.routes import _routes
from models_app.paradigms.registry import FLAVORS
from tests.docs import flavor_reference, guides, processes
from tests.docs.guides import DOCS, Page
from tests.servers.launchers import ROOT
from tests.servers.servers import Server

REFERENCE = DOCS / "reference"


def reference(name: str) -> Page:
    """Return a page of the reference."""
    return guides.page(REFERENCE / f"{name}.md")


def rows(page: Page) -> list[list[str]]:
    """Return the cells of all tables' rows whose first cell is code."""
    lines = [line for line in page.text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def named(text: str) -> list[str]:
    """Return what is set as code in a text."""
    return re.findall(r"`([^`]+)`", text)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_readme_has_the_newest_figures() -> None:
    measured = (DOCS / "explanation" / "performance.md").read_text(encoding="utf-8")

    figures = re.findall(
        r"^\| (\d+ connections?) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert len(figures) == 3
    for connections, *medians in figures:
        row = rf"\| predict, then learn by id, {connections} \(pairs/s\) \|(.+)"
        reported = re.findall(r" ([\d,]+) \(", re.findall(row, measured)[0])
        assert reported == medians, connections


def test_settings_are_those_of_the_code() -> None:
    assert guides.between(reference("settings").text, "settings") == markdown_table()


def test_flavors_are_those_of_the_code() -> None:
    if os.environ.get("WRITE_TABLES"):
        flavor_reference.write()
    page = flavor_reference.PAGE.read_text(encoding="utf-8")
    assert guides.between(page, flavor_reference.NAME) == flavor_reference.render()

    rows_by_flavor = {named(row[0])[0]: row for row in rows(reference("flavors"))}
    assert rows_by_flavor.keys() >= FLAVORS.keys()
    for name, flavor in FLAVORS.items():
        reported = re.findall(r"[A-Z]\w*(?:\([\w.]+\))?(?:\[\d+\])?", rows_by_flavor[name][3])
        assert reported == [name_of(kind()) for kind in flavor.metrics], name


def test_routes_are_those_of_the_server() -> None:
    reported = {
        (row[1], named(row[0])[0]) for row in rows(reference("api")) if named(row[0])[0].startswith("/")
    }

    assert reported == set(_routes(get_resolver().url_patterns, "/"))


class TestErrors:
    def test_have_every_code_that_an_answer_can_have(self) -> None:
        codes = {error.code for error in _subclasses(errors.ChantillyError)}
        # Those of the OpenAPI document, whatever the operation.
        elsewhere = set(describing._ELSEWHERE)

        assert len(codes) > 10
        assert codes | elsewhere <= {code for row in rows(reference("errors")) for code in named(row[0])}

    def test_have_the_status_of_each(self) -> None:
        reported = {code: row[1] for row in rows(reference("errors")) for code in named(row[0])}

        for error in _subclasses(errors.ChantillyError):
            if "code" not in vars(error):
                # Of another kind of error, which no client of the API meets.
                continue
            assert str(exceptions.STATUS_BY_ERROR.get(error, 400)) in reported[error.code], error.code

    def test_have_the_status_of_those_that_are_no_exceptions(self) -> None:
        reported = {code: row[1] for row in rows(reference("errors")) for code in named(row[0])}
        sources = [path.read_text(encoding="utf-8") for name in ("web", "models_app") for path in _code(name)]

        refusals = {found for text in sources for found in re.findall(r'efusal\((\d{3}), "(\w+)"', text)}

        assert len(refusals) > 10
        assert [(status, code) for status, code in sorted(refusals) if status not in reported[code]] == []


def test_commands_are_all_there() -> None:
    text = reference("commands").text
    folders = [ROOT / name / "management/commands" for name in ("access", "models_app", "monitoring")]
    commands = {path.stem for folder in folders for path in folder.glob("[a-z]*.py")}

    assert len(commands) > 10
    assert {name for name in commands if not re.search(rf"(manage\.py |`){name}\b", text)} == set()


def test_metrics_of_prometheus_are_all_there(server: Server) -> None:
    with server.client() as client:
        client.init("binary")
    page = httpx.get(f"{processes.url(server)}/metrics").text
    families = {name for name in re.findall(r"^# TYPE (\w+)", page, re.MULTILINE) if "chantilly" in name}

    text = reference("metrics").text

    assert len(families) > 20
    assert {name for name in families if not re.search(rf"`{name}(_total|_info)?\b", text)} == set()


def _code(folder: str) -> list[Path]:
    return list((ROOT / folder).rglob("*.py"))


def _subclasses(error: type[errors.ChantillyError]) -> list[type[errors.ChantillyError]]:
    return [found for kind in error.__subclasses__() for found in (kind, *_subclasses(kind))]


def test_the_tests_of_holes_that_others_have_had_are_there() -> None:
    page = guides.page(DOCS / "explanation" / "security.md")
    table = page.text.split("## Holes that others have had\n")[1].split("\n## ")[0]

    named_tests = re.findall(r"((?:`\w+`(?:, | and )?)+) in `(tests/\S+?\.py)`", table)

    assert len(named_tests) >= 8
    for names, file in named_tests:
        source = (ROOT / file).read_text(encoding="utf-8")
        for name in named(names):
            assert re.search(rf"^(?:class|def) {name}\b", source, re.MULTILINE), (name, file)
    # None that has the name of a hole is left out.
    for file in {file for _, file in named_tests}:
        for name in re.findall(
            r"^class (\w*Cve\w+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert f"`{name}`" in table
