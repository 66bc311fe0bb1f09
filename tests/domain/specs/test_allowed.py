"""The list of what a specification may name is that of the installed River."""

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from models_app.domain.specs import allowing

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spec_classes", ROOT / "tools" / "spec_classes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestAllowed:
    def test_is_what_this_river_has(self, tool: ModuleType) -> None:
        assert tool.PLACE.read_text() == tool.text(), "River has changed: run `python tools/spec_classes.py`"

    def test_are_classes_of_river_alone(self) -> None:
        kinds = [allowed.load() for allowed in allowing.classes().values()]

        assert len(kinds) > 300
        assert all(inspect.isclass(kind) and kind.__module__.startswith("river.") for kind in kinds)
        assert len(allowing.paths()) == len(set(kinds))

    def test_have_no_parameter_that_prints_or_is_private(self) -> None:
        names = {name for allowed in allowing.classes().values() for name in allowed.params}

        assert not {name for name in names if name.startswith("_") or name in ("file", "verbose")}

    def test_of_what_reads_files_or_asks_the_network_is_none(self) -> None:
        packages = {path.split(".")[0] for path in allowing.classes()}

        assert not packages & {"datasets", "stream", "compat", "evaluate", "checks"}

    def test_functions_and_types_are_documented(self) -> None:
        page = (ROOT / "docs" / "reference" / "specifications.md").read_text()

        assert all(f"`{name}`" in page for name in [*allowing.FUNCTIONS, *allowing.TYPES])

    def test_of_another_river_are_left_out_where_they_are_not_there(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = dict(allowing.classes())
        gone = {name: allowing.Allowed(name, {}, None, None) for name in ("stats.Meanest", "statistics.Mean")}
        monkeypatch.setattr(allowing, "classes", lambda: there | gone)
        allowing.paths.cache_clear()
        try:
            assert set(allowing.paths().values()) == there.keys()
        finally:
            allowing.paths.cache_clear()
