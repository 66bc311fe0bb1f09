"""All of River's transformers, statistics and drift detectors, asked as an engine asks them."""

import dill
import pytest
from river import base, drift, utils

from models_app.domain.errors import InvalidGroundTruth, InvalidRequest, ModelNotSuitable, NoFeatures
from models_app.paradigms import guessing, readings, trials
from models_app.paradigms.base import NO_CLOCK, Paradigm
from models_app.paradigms.registry import get_flavor
from tests.paradigms.updated_models import (
    DETECTORS,
    STATISTICS,
    TRANSFORMERS,
    UNPICKLED,
    Case,
    public_classes,
)

CASES = [
    pytest.param(flavor, case, id=name)
    for flavor, cases in (("transform", TRANSFORMERS), ("statistic", STATISTICS), ("drift", DETECTORS))
    for name, case in cases.items()
    if name not in UNPICKLED
]


class TestEachClass:
    def test_of_transformers_is_here(self) -> None:
        assert public_classes(base.BaseTransformer) <= set(TRANSFORMERS)

    def test_of_statistics_is_here(self) -> None:
        assert public_classes(*readings.KINDS) <= set(STATISTICS)

    def test_of_drift_detectors_is_here(self) -> None:
        assert public_classes(base.DriftDetector, base.BinaryDriftDetector) <= set(DETECTORS)

    @pytest.mark.parametrize(("flavor", "case"), CASES)
    def test_is_taken_for_what_it_is(self, flavor: str, case: Case) -> None:
        assert guessing.guess(case.make()).name == flavor

        result = trials.run(dill.dumps(case.make()), flavor, lambda *_: None)

        assert result == trials.TrialResult()

    @pytest.mark.parametrize("name", sorted(UNPICKLED))
    def test_that_no_pickle_keeps_is_refused(self, name: str) -> None:
        with pytest.raises(ModelNotSuitable, match="does not survive its own pickle"):
            trials.run(dill.dumps(TRANSFORMERS[name].make()), "transform", lambda *_: None)


def serving(flavor: str, name: str) -> Paradigm:
    cases = {"transform": TRANSFORMERS, "statistic": STATISTICS, "drift": DETECTORS}
    return get_flavor(flavor).serving(cases[flavor][name].make())


class TestMembers:
    @pytest.mark.parametrize(
        ("flavor", "name", "members", "learns"),
        [
            ("transform", "StandardScaler", {"features": {}}, True),
            ("transform", "timed_agg", {"features": {}, "t": "2026-03-01"}, True),
            ("transform", "timed_agg", {"features": {}}, False),
            ("statistic", "Mean", {}, False),
            ("statistic", "Mean", {}, True),
            # What another model was asked with.
            ("statistic", "Mean", {"features": {}}, True),
            ("statistic", "TimeRolling", {"t": "2026-03-01T12:00:00.5+02:00"}, True),
            ("statistic", "TimeRolling", {}, False),
            ("statistic", "EmpiricalCovariance", {"features": {}}, True),
            ("statistic", "Gaussian", {"of": 1.5}, False),
            ("drift", "ADWIN", {}, False),
            ("drift", "ADWIN", {}, True),
            ("drift", "ADWIN", {"features": {}}, True),
        ],
    )
    def test_are_taken_as_they_are_needed(
        self, flavor: str, name: str, members: dict[str, object], learns: bool
    ) -> None:
        serving(flavor, name).check_members(members, learns=learns)

    @pytest.mark.parametrize(
        ("flavor", "name", "members", "learns", "reported"),
        [
            ("transform", "StandardScaler", {}, False, {"features": ["required field"]}),
            ("transform", "StandardScaler", {"features": {}, "t": "2026-03-01"}, True, {"t": [NO_CLOCK]}),
            ("transform", "pipeline", {"features": {}, "t": "2026-03-01T12:00:00Z"}, True, {"t": [NO_CLOCK]}),
            ("transform", "timed_agg", {"features": {}}, True, {"t": ["required field"]}),
            ("transform", "timed_agg", {"t": "2026-03-01"}, True, {"features": ["required field"]}),
            ("transform", "timed_agg", {"features": {}, "t": 5}, False,
             {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"]}),
            ("transform", "timed_agg", {"features": {}, "t": "0001-01-01T00:00+05:00"}, False,
             {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"]}),
            ("transform", "StandardScaler", {"features": {}, "of": 1}, False,
             {"of": ["not taken by the flavor 'transform'"]}),
            ("statistic", "Mean", {"t": "2026-03-01"}, True, {"t": [NO_CLOCK]}),
            ("statistic", "Mean", {"of": 1}, False, {"of": ["not taken by this model"]}),
            ("statistic", "Gaussian", {"of": 1}, True, {"of": ["only of a reading"]}),
            ("statistic", "TimeRolling", {}, True, {"t": ["required field"]}),
            ("drift", "ADWIN", {"t": "2026-03-01"}, True, {"t": ["not taken by the flavor 'drift'"]}),
        ],
    )  # fmt: skip
    def test_are_refused_where_they_are_not(
        self, flavor: str, name: str, members: dict[str, object], learns: bool, reported: object
    ) -> None:
        with pytest.raises(InvalidRequest) as refused:
            serving(flavor, name).check_members(members, learns=learns)

        assert refused.value.message == reported

    @pytest.mark.parametrize(
        ("flavor", "name"), [("transform", "StandardScaler"), ("statistic", "EmpiricalCovariance")]
    )
    def test_need_features_where_values_are_features(self, flavor: str, name: str) -> None:
        with pytest.raises(NoFeatures):
            serving(flavor, name).check_members({}, learns=True)


class TestGroundTruth:
    @pytest.mark.parametrize(
        ("flavor", "name", "value"),
        [
            ("transform", "StandardScaler", None),
            ("transform", "StandardScaler", "cat"),
            ("transform", "SelectKBest", 2.5),
            ("statistic", "Mean", 2),
            ("statistic", "Mean", {"x": 2, "w": 0.5}),
            ("statistic", "Mode", "cat"),
            ("statistic", "PearsonCorr", {"x": 1, "y": 2.5}),
            ("statistic", "ChiSquared", {"x": "a", "y": True}),
            ("statistic", "EmpiricalCovariance", None),
            ("drift", "ADWIN", 2.5),
            ("drift", "DDM", True),
            ("drift", "DDM", 1),
        ],
    )
    def test_is_taken_as_it_is_needed(self, flavor: str, name: str, value: object) -> None:
        assert serving(flavor, name).ground_truth(value) == value

    @pytest.mark.parametrize(
        ("flavor", "name", "value", "reason"),
        [
            ("transform", "SelectKBest", None, "required field"),
            ("transform", "SelectKBest", {"a": 1}, "must be a number, a string or a boolean"),
            ("statistic", "Mean", None, "required field"),
            ("statistic", "Mean", {"y": 2}, "must be a number, a string or a boolean"),
            ("statistic", "PearsonCorr", 2, "must be an object of 'x' and 'y'"),
            ("statistic", "PearsonCorr", {"x": 2}, "must be an object of 'x' and 'y'"),
            ("statistic", "PearsonCorr", {"x": 2, "y": None}, "'y' must be a number, a string or a boolean"),
            ("statistic", "PearsonCorr", {"x": 2, "y": 10**400}, "'y' must fit in a float"),
            ("statistic", "EmpiricalCovariance", 2, "not taken by this model: its values are features"),
            ("drift", "ADWIN", "cat", "must be a number, or true or false"),
            ("drift", "DDM", 0.5, "must be true (a wrong prediction) or false"),
            ("drift", "DDM", None, "required field"),
        ],
    )
    def test_is_refused_where_it_is_not(self, flavor: str, name: str, value: object, reason: str) -> None:
        with pytest.raises((InvalidGroundTruth, InvalidRequest)) as refused:
            serving(flavor, name).ground_truth(value)

        assert refused.value.message == {"ground_truth": [reason]}


class Temperature:
    """A statistic of somebody's own."""

    def __init__(self) -> None:
        self.last = 0.0

    def update(self, x: float) -> None:
        self.last = x

    def get(self) -> float:
        return self.last


class Compiled:
    """Its methods have no signatures."""

    update = staticmethod(max)
    learn_one = staticmethod(max)

    def get(self) -> float:
        return 2.5

    def transform_one(self, x: object) -> float:
        return 2.5


class TestOwnModels:
    def test_take_one_value_and_no_moment_where_they_do_not_say_what_they_take(self) -> None:
        statistic, transform = (get_flavor(name).serving(Compiled()) for name in ("statistic", "transform"))

        assert statistic.ground_truth(2.5) == 2.5
        with pytest.raises(InvalidGroundTruth):
            statistic.ground_truth({"x": 1.0, "y": 2.0})
        for flavor in (statistic, transform):
            with pytest.raises(InvalidRequest) as refused:
                flavor.check_members({"features": {}, "t": "2026-03-01"}, learns=True)
            assert refused.value.message == {"t": [NO_CLOCK]}

    def test_may_make_a_number_of_features(self) -> None:
        transform = get_flavor("transform")

        assert transform.normalize(transform.predictor(Compiled())({"features": {}})) == 2.5

    def test_need_update_and_get(self) -> None:
        statistic = get_flavor("statistic")

        assert statistic.missing_methods(Temperature()) == []
        assert trials.run(dill.dumps(Temperature()), "statistic", lambda *_: None) == trials.TrialResult()
        assert statistic.missing_methods(utils.SortedWindow(3)) == ["update", "get"]
        assert statistic.missing_methods(drift.ADWIN()) == ["get"]
