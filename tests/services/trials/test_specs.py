"""Specifications are built in a process of their own first: what takes too much costs an error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from models_app.domain.errors import InvalidSpec, ModelNotSuitable
from models_app.services.trials.client import Helper
from models_app.services.trials.limits import Limits

MIB = 1024**2
LINEAR = {"class": "linear_model.LinearRegression"}
#: Sketches of some 4 MB each.
SKETCHES = {
    "class": "preprocessing.StatImputer",
    "params": {
        "imputers": [
            {"tuple": [f"a{number}", {"class": "sketch.Counter", "params": {"epsilon": 1e-4, "delta": 1e-9}}]}
            for number in range(400)
        ]
    },
}
#: As many models as there may be.
MANY = {"class": "ensemble.BaggingRegressor", "params": {"model": LINEAR, "n_models": 1_000, "seed": 1}}


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.close()


def run(helper: Helper, spec: Any, limits: Limits, flavor: str = "regression") -> Any:
    return helper.run(json.dumps(spec).encode(), flavor, limits, is_spec=True)


def refused(helper: Helper, spec: Any, limits: Limits) -> Any:
    with pytest.raises(InvalidSpec) as refusal:
        run(helper, spec, limits)
    return refusal.value.message


class TestHelper:
    def test_describes_what_it_has_built(self, helper: Helper) -> None:
        found = run(helper, LINEAR, Limits(30.0, 1024 * MIB)).specification

        assert (found.short, found.says_all, found.reason) == (LINEAR, True, "")
        assert found.full["params"]["l2"] == 0.0

    def test_lets_a_model_draw_itself_where_that_is_asked_for(self, helper: Helper) -> None:
        limits = Limits(30.0, 1024 * MIB)
        data = json.dumps({"pipeline": [{"class": "preprocessing.StandardScaler"}, LINEAR]}).encode()

        drawn = helper.run(data, "regression", limits, is_spec=True, is_drawn=True).drawing

        assert "StandardScaler" in drawn
        assert helper.run(data, "regression", limits, is_spec=True).drawing == ""

    def test_refuses_what_takes_too_much_memory(self, helper: Helper) -> None:
        message = refused(helper, SKETCHES, Limits(30.0, 400 * MIB))

        # Somewhere: a Python that frees less comes less far.
        [(place, reasons)] = message.items()
        assert place == "specification" or place.startswith("params.imputers[")
        assert reasons == ["needs more memory than a trial may take"]

    def test_refuses_what_takes_too_long(self, helper: Helper) -> None:
        assert refused(helper, MANY, Limits(0.02, 1024 * MIB)) == {
            "specification": ["Building the model took longer than 0.02 s: use smaller numbers."]
        }

    def test_refuses_what_is_none_where_it_is_built(self, helper: Helper) -> None:
        assert refused(helper, {"class": "os.system"}, Limits(30.0, 1024 * MIB)) == {
            "class": ["unknown class"]
        }

    def test_refuses_what_river_refuses_at_its_place(self, helper: Helper) -> None:
        spec = {"pipeline": [{"class": "drift.KSWIN", "params": {"window_size": 3}}, LINEAR]}

        assert list(refused(helper, spec, Limits(30.0, 1024 * MIB))) == ["pipeline[0]"]

    def test_refuses_what_is_not_of_the_flavor_like_any_upload(self, helper: Helper) -> None:
        with pytest.raises(ModelNotSuitable, match="is a regressor"):
            run(helper, LINEAR, Limits(30.0, 1024 * MIB), flavor="binary")
