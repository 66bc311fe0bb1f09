"""CONTRIBUTING says where things are, and they are there."""

import re
import runpy
from collections.abc import Iterator

import pytest

from tests.docs import guides
from tests.servers.launchers import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
HOUSE = runpy.run_path(str(ROOT / "tools" / "house.py"))


def answers() -> Iterator[tuple[str, list[str]]]:
    """Yield each question with the places that answer it."""
    section = TEXT.split("## Where is it decided", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        if line.startswith("| ") and "`" in line:
            question, answer = (cell.strip() for cell in line.strip("|").split(" | "))
            yield question, re.findall(r"`([^`]+)`", answer)


class TestHouse:
    def test_is_drawn_as_the_imports_are(self) -> None:
        drawn = guides.between(TEXT, "house")

        assert drawn.strip() == HOUSE["picture"](), "run tools/house.py"

    def test_has_no_arrow_that_others_imply(self) -> None:
        found = HOUSE["reduced"]({"a": {"b", "c", "d"}, "b": {"c"}, "c": set(), "d": {"c"}})

        assert found == {"a": ["b", "d"], "b": ["c"], "c": [], "d": ["c"]}


class TestQuestions:
    def test_are_there(self) -> None:
        assert len(list(answers())) >= 10

    @pytest.mark.parametrize(("question", "places"), list(answers()))
    def test_lead_to_what_is_there(self, question: str, places: list[str]) -> None:
        assert 1 <= len(places) <= 3, question
        for place in places:
            path, _, name = place.partition(":")
            assert (ROOT / path).exists(), place
            if name:
                text = (ROOT / path).read_text(encoding="utf-8")
                assert re.search(rf"(def|class) {name}\b|^{name}\b", text, re.MULTILINE), place
