import json
from typing import Any

import pytest
from msgspec import Raw

from models_app.domain.learns import Learn
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import FLAVORS
from monitoring.pages.snippets import snippets


def newest(asked: str, truth: Any) -> Learn:
    return Learn(
        prediction_id=None,
        features=Raw(asked.encode()),
        prediction=Raw(b"null"),
        ground_truth=truth,
        predicted_at=None,
        learned_at=1.0,
    )


def bodies(paradigm: Paradigm, learn: Learn | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    found = snippets("m", paradigm, learn)
    return json.loads(found["json_predict"]), json.loads(found["json_learn"])


@pytest.mark.parametrize("paradigm", FLAVORS.values(), ids=FLAVORS)
class TestOfEachFlavor:
    def test_can_be_asked(self, paradigm: Paradigm) -> None:
        predict, learn = bodies(paradigm)

        asked = {name: value for name, value in predict.items() if name not in ("model", "id")}
        paradigm.check_members(asked, learns=False)
        assert ("id" in predict) == ("id" in learn) == paradigm.keeps_recorded
        paradigm.ground_truth(learn.get("ground_truth"))

    def test_hide_no_code_behind_what_is_long(self, paradigm: Paradigm) -> None:
        learn = newest(json.dumps({"features": {"a": "x" * 5_000}}), None)

        assert len(snippets("m", paradigm, learn)["json_predict"]) < 500


class TestOfForecasts:
    @pytest.mark.parametrize(
        ("asked", "truth", "learned"),
        [
            ("{}", 3.0, {"model": "m", "ground_truth": 3.0}),
            ('{"features": {"a": 1}}', 3.0, {"model": "m", "features": {"a": 1}, "ground_truth": 3.0}),
            # Of a client, under an id.
            ('{"horizon": 5}', None, {"model": "m", "ground_truth": 2.5}),
        ],
    )
    def test_learn_the_next_observation(self, asked: str, truth: Any, learned: dict[str, Any]) -> None:
        predict, learn = bodies(FLAVORS["forecasting"], newest(asked, truth))

        assert predict == {"model": "m", "horizon": 5 if "horizon" in asked else 3}
        assert learn == learned
