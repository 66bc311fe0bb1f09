from importlib.metadata import EntryPoint

import pytest

from models_app.paradigms import entry_points
from models_app.paradigms.regression import REGRESSION, Regression


class Own(Regression):
    name = "own"


OWN = Own()


class Nameless(Own):
    name = "two words"


NAMELESS = Nameless()


class TestLoadAll:
    def load(self, value: str, name: str = "it") -> tuple[list[str], list[str]]:
        found = [EntryPoint(name, value, entry_points.GROUP)]
        paradigms, problems = entry_points.load_all(found, {"regression"})
        return [paradigm.name for paradigm in paradigms], problems

    def test_returns_paradigms_by_their_flavors(self) -> None:
        assert self.load(f"{__name__}:OWN") == (["own"], [])

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("models_app.paradigms.nothing:X", "it raises ModuleNotFoundError: No module named"),
            (f"{__name__}:NOTHING", "it raises AttributeError: "),
            (f"{__name__}:Own", "it leads to no object of models_app.paradigms.base.Paradigm"),
            (f"{__name__}:NAMELESS", "a flavor cannot be called 'two words'"),
            ("models_app.paradigms.regression:REGRESSION", "there is a flavor 'regression' already"),
        ],
    )
    def test_leaves_out_what_cannot_be_used_and_says_why(self, value: str, reason: str) -> None:
        names, (problem,) = self.load(value)

        assert names == []
        assert problem.startswith(
            f"The entry point of chantilly.paradigms is left out: it = {value}: {reason}"
        )
        assert "\n" not in problem

    def test_takes_a_flavor_once(self) -> None:
        twice = [EntryPoint(name, f"{__name__}:OWN", entry_points.GROUP) for name in ("a", "b")]

        paradigms, problems = entry_points.load_all(twice, set())

        assert paradigms == [OWN]
        assert len(problems) == 1

    def test_finds_what_a_paradigm_lacks(self) -> None:
        assert entry_points._unusable(object.__new__(_Bare), set()) == (
            "its paradigm has no name and no predict_method and no normalize and no wanted "
            "and no trial_truths and no example_truth"
        )


class _Bare(type(REGRESSION).__mro__[1]):  # type: ignore[misc]  # Paradigm
    def check_ground_truth(self, value: object) -> str | None:
        return None
