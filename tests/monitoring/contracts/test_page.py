"""A model's page has its feature contract."""

import re

import pytest
from django.test import Client
from pytest_django import Settings
from river import drift

from models_app.services.contracts import changing
from tests.monitoring.contracts.test_following import Watching, m, teach, watching
from tests.services.contracts.test_contracts import AREA, learn
from tests.services.instances import Instance

__all__ = ["m", "watching"]


def part(name: str = "m") -> str:
    """Return the text of that part of the page, each space one."""
    page = Client().get(f"/models/{name}/").content.decode()
    found = re.search(r'<h2 id="contract-title">.*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split()).replace("\u2013", "-") if found else ""


@pytest.mark.usefixtures("m")
class TestPage:
    def test_says_what_was_seen(self, watching: Watching) -> None:
        assert "no contract before 100 records" in part()
        teach(75, city="Rome", ok=True)
        teach(25, city="Oslo")

        text = part()

        assert "The contract follows what is seen. What is not as it says is counted and told of: 0" in text
        assert "100 records seen." in text
        assert "area number number 0.5 to 74.5" in text
        assert "city string string 2 texts" in text
        assert "ok boolean, or missing boolean 75%, missing 25% -" in text

    def test_says_what_is_refused_or_told_of(self, watching: Watching) -> None:
        changing.set_contract(name="m", schema={**AREA, "properties": {"area": {}, "<b>": {"type": "null"}}})
        learn("m", 1.0, area=1.0, rooms=3)
        watching.tick()

        text = part()

        assert "The contract is frozen." in text
        assert "counted and told of: 1" in text
        assert "rooms not expected number 3" in text
        assert "&lt;b&gt; null, or missing - -" in text
        assert "feature rooms new: number" in text
        changing.change_contract(name="m", is_strict=True)
        assert "What is not as it says is refused." in part()

    def test_has_no_range_where_features_are_not_shown(self, settings: Settings) -> None:
        settings.FEATURES_KEPT = "none"
        teach(100)

        assert "area number number -" in part()

    def test_has_none_where_a_flavor_takes_no_features(self, instance: Instance) -> None:
        instance.upload("adwin", drift.ADWIN(), flavor="drift")

        assert part("adwin") == ""

    def test_has_room_for_so_many_features(self) -> None:
        teach(1, **{f"word {number}": 1 for number in range(60)})

        assert "11 more." in part()
