"""Uses of uvicorn's private parts stand in one package, which says with which versions it was tested."""

import ast
import importlib
import inspect
import pkgutil
import re
from importlib.metadata import version
from pathlib import Path

import pytest

import web
from web import uvicorn_parts
from web.uvicorn_parts import connections, servers, sockets

ROOT = Path(web.__file__).parent
PARTS = Path(uvicorn_parts.__file__).parent
OTHERS = sorted(path for path in ROOT.rglob("*.py") if PARTS not in path.parents)
# What every class may have; the last two from Python 3.13 on.
FREE = {"__init__", "__module__", "__doc__", "__slots__", "__firstlineno__", "__static_attributes__"}


def private_imports(source: str) -> list[str]:
    """Return what a module imports of uvicorn, but for what it exports to everybody: `uvicorn.Config`, ..."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found += [node.module] if node.module.startswith("uvicorn") else []
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("uvicorn.")]
    return found


def overridden(kind: type) -> set[str]:
    """Return what a class defines that uvicorn's own classes above it define, too."""
    theirs = [base for base in kind.__mro__ if base.__module__.startswith("uvicorn")]
    return {name for base in theirs for name in vars(base)} & set(vars(kind)) - FREE


def classes() -> list[type]:
    found = pkgutil.walk_packages([str(ROOT)], prefix="web.")
    modules = [importlib.import_module(one.name) for one in found]
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    ]


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


class TestVersions:
    def test_are_those_of_the_requirements(self) -> None:
        lines = (ROOT.parent / "requirements.txt").read_text().splitlines()

        required = [line.removeprefix("uvicorn") for line in lines if line.startswith("uvicorn")]

        assert required == [uvicorn_parts.TESTED_VERSIONS]

    def test_include_the_one_that_is_here(self) -> None:
        found = re.fullmatch(r">=([\d.]+),<([\d.]+)", uvicorn_parts.TESTED_VERSIONS)

        assert found is not None
        assert numbers(found[1]) <= numbers(version("uvicorn")) < numbers(found[2])


class TestPrivateParts:
    @pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
    def test_are_imported_nowhere_else(self, path: Path) -> None:
        assert private_imports(path.read_text()) == []

    def test_are_overridden_nowhere_else(self) -> None:
        there = {kind for kind in classes() if overridden(kind)}

        assert {kind.__module__.rpartition(".")[0] for kind in there} == {uvicorn_parts.__name__}
        # It looks at the right ones.
        assert {connections.Cycle, sockets.SocketConnection, servers.TickingServer} <= there

    @pytest.mark.parametrize(
        ("source", "n"),
        [
            ("import uvicorn", 0),
            ("from websockets import x", 0),
            ("import uvicorn.server", 1),
            ("from uvicorn.config import Config", 1),
            ("def f():\n    from uvicorn import Config", 1),
        ],
    )
    def test_are_recognised(self, source: str, n: int) -> None:
        assert len(private_imports(source)) == n
