"""Models that go by time: which do, and that they learn as they do with River alone."""

import copy
import datetime as dt
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from river import (
    active,
    anomaly,
    base,
    cluster,
    compose,
    linear_model,
    preprocessing,
    stats,
    time_series,
    tree,
    utils,
)
from river import feature_extraction as fx

from models_app.domain.errors import InvalidRequest, ModelNotSuitable, NoFeatures
from models_app.paradigms import read_only, timed, trials
from models_app.paradigms.base import NO_CLOCK, Paradigm
from models_app.paradigms.clocks import Clock, clock_of
from models_app.paradigms.registry import FLAVORS, get_flavor
from models_app.paradigms.timed import Timed

MOMENTS, SECONDS = Clock(is_needed=True), Clock(is_needed=True, of_numbers=True)


def rolling() -> Any:
    return utils.TimeRolling(stats.Mean, period=dt.timedelta(days=2))


def by_target() -> Any:
    return fx.TargetAgg(by="shop", how=rolling())


def by_feature() -> Any:
    return fx.Agg(on="price", by="shop", how=rolling())


class Strict:
    """Somebody's own: it learns and predicts by time."""

    def __init__(self) -> None:
        self.last: object = None

    def learn_one(self, x: Any, y: Any, t: object) -> None:
        self.last = t

    def predict_one(self, x: Any, t: Any = None) -> float:
        return 0.0 if t is None else float(t.hour)


MODELS: list[tuple[str, Callable[[], Any], Clock | None]] = [
    ("regression", lambda: by_target() | linear_model.LinearRegression(), MOMENTS),
    ("regression", lambda: (by_target() + by_feature()) | linear_model.LinearRegression(), MOMENTS),
    ("regression", lambda: (compose.Select("price") | by_feature()) | linear_model.PARegressor(), MOMENTS),
    ("regression", Strict, MOMENTS),
    ("multiclass", lambda: by_feature() | tree.HoeffdingTreeClassifier(), MOMENTS),
    ("binary", lambda: active.EntropySampler(by_feature() | linear_model.LogisticRegression()), MOMENTS),
    ("anomaly", lambda: by_feature() | anomaly.HalfSpaceTrees(), MOMENTS),
    ("supervised_anomaly", lambda: by_feature() | anomaly.GaussianScorer(), MOMENTS),
    ("forecasting", lambda: by_feature() | time_series.SNARIMAX(1, 0, 1), MOMENTS),
    ("transform", by_feature, MOMENTS),
    ("transform", lambda: by_feature() + preprocessing.StandardScaler(), MOMENTS),
    ("clustering", cluster.TextClust, SECONDS),
    ("clustering", lambda: fx.BagOfWords() | cluster.TextClust(), SECONDS),
    ("clustering", lambda: cluster.TextClust(real_time_fading=False), Clock(of_numbers=True)),
    ("transform", lambda: fx.Agg(on="price", by=None, how=stats.Mean()), Clock()),
    ("regression", lambda: preprocessing.StandardScaler() | linear_model.LinearRegression(), None),
    ("binary", lambda: active.EntropySampler(linear_model.LogisticRegression()), None),
    ("anomaly", lambda: anomaly.QuantileFilter(anomaly.HalfSpaceTrees(), q=0.9), None),
    ("clustering", cluster.KMeans, None),
]
IDS = [f"{flavor}-{number}" for number, (flavor, _, _) in enumerate(MODELS)]


def paradigm_of(flavor: str, model: object) -> Paradigm:
    return timed.of(get_flavor(flavor).serving(model), model)


class TestClockOf:
    @pytest.mark.parametrize(("flavor", "make", "clock"), MODELS, ids=IDS)
    def test_says_what_a_model_takes_as_t(
        self, flavor: str, make: Callable[[], Any], clock: Clock | None
    ) -> None:
        assert clock_of(make()) == paradigm_of(flavor, make()).clock == clock

    def test_says_nothing_of_what_has_no_signatures(self) -> None:
        assert clock_of(object()) is None


class TestMembers:
    @pytest.mark.parametrize(
        ("flavor", "model", "members", "learns", "reported"),
        [
            ("regression", by_target() | linear_model.LinearRegression(), {"features": {}}, True,
             {"t": ["required field: the model goes by time"]}),
            ("regression", by_target() | linear_model.LinearRegression(), {"features": {}, "t": 5}, True,
             {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"]}),
            ("regression", by_target() | linear_model.LinearRegression(), {"t": "noon", "k": 1}, False,
             {"k": ["not taken by the flavor 'regression'"], "features": ["required field"],
              "t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"]}),
            ("clustering", cluster.TextClust(), {"features": {}, "t": "noon"}, True,
             {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z, or a number"]}),
            ("clustering", cluster.TextClust(), {"features": {}, "t": True}, True,
             {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z, or a number"]}),
            ("clustering", cluster.TextClust(), {"features": {}, "t": 10**400}, True,
             {"t": ["must fit in a float"]}),
            ("clustering", cluster.KMeans(), {"features": {}, "t": 5}, True, {"t": [NO_CLOCK]}),
            ("regression", linear_model.LinearRegression(), {"features": {}, "t": "2026-03-01"}, False,
             {"t": [NO_CLOCK]}),
            ("forecasting", by_feature() | time_series.SNARIMAX(1, 0, 1), {"features": {"a": 1}}, True,
             {"t": ["required field: the model goes by time"]}),
        ],
    )  # fmt: skip
    def test_are_refused_by_name(
        self, flavor: str, model: Any, members: dict[str, Any], learns: bool, reported: object
    ) -> None:
        with pytest.raises(InvalidRequest) as refused:
            paradigm_of(flavor, model).check_members(members, learns=learns)

        assert refused.value.message == reported

    @pytest.mark.parametrize(
        ("flavor", "model", "members", "learns"),
        [
            ("regression", by_target() | linear_model.LinearRegression(), {"features": {}}, False),
            ("regression", by_target() | linear_model.LinearRegression(),
             {"features": {}, "t": "2026-03-01"}, True),
            ("clustering", cluster.TextClust(), {"features": {}, "t": 5}, True),
            ("clustering", cluster.TextClust(), {"features": {}, "t": "2026-03-01"}, True),
            ("clustering", cluster.TextClust(real_time_fading=False), {"features": {}}, True),
        ],
    )  # fmt: skip
    def test_are_taken_as_they_are_needed(
        self, flavor: str, model: Any, members: dict[str, Any], learns: bool
    ) -> None:
        paradigm_of(flavor, model).check_members(members, learns=learns)

    def test_need_features(self) -> None:
        with pytest.raises(NoFeatures):
            paradigm_of("clustering", cluster.TextClust()).check_members({"t": 5}, learns=True)

    def test_of_a_model_that_learns_nothing_are_not_needed(self) -> None:
        model = by_target() | linear_model.LinearRegression()

        read_only.of(paradigm_of("regression", model)).check_members({"features": {}}, learns=True)


def record(number: int) -> tuple[dict[str, Any], float, dt.datetime]:
    x = {"shop": "ab"[number % 2], "price": float(7 * number % 11)}
    return x, float(number % 5), dt.datetime.fromisoformat("2026-03-01") + dt.timedelta(hours=9 * number)


class TestALearn:
    @pytest.mark.parametrize("number", [0, 1])
    def test_is_rivers_own_in_a_pipeline_of_a_regression(self, number: int) -> None:
        make = MODELS[number][1]
        model, bare = make(), make()
        paradigm = paradigm_of("regression", model)
        predict, learn = paradigm.predictor(model), paradigm.learner(model)

        for n in range(30):
            x, y, t = record(n)
            asked: Any = Timed(dict(x), t.isoformat())
            assert predict(asked) == predict(dict(x)) == bare.predict_one(dict(x))
            learn(asked, y)
            bare.learn_one(dict(x), y, t=t)
        assert predict(dict(x)) != 0.0

    def test_reaches_a_clusterer_at_the_end_of_a_pipeline(self) -> None:
        texts = ("the sea is calm", "rain at the sea", "a match at home")
        model = fx.BagOfWords() | cluster.TextClust(tgap=3, fading_factor=0.5)
        words, bare = fx.BagOfWords(), copy.deepcopy(model["TextClust"])
        paradigm = paradigm_of("clustering", model)
        learn: Any = paradigm.learner(model)

        for n in range(20):
            learn(Timed(texts[n % 3], n * n), None)
            bare.learn_one(words.transform_one(texts[n % 3]), t=float(n * n))

        learned = model["TextClust"].micro_clusters
        assert {key: one.weight for key, one in learned.items()} == {
            key: one.weight for key, one in bare.micro_clusters.items()
        }
        assert model["TextClust"].t == 19.0 * 19.0

    def test_reaches_the_parts_of_a_union_by_itself(self) -> None:
        model, bare = by_feature() + fx.Agg(on="price", by=None, how=rolling()), by_feature()
        learn: Any = paradigm_of("transform", model).learner(model)

        for n in range(10):
            x, _, t = record(n)
            learn({"features": x, "t": t.isoformat()}, None)
            bare.learn_one(x, t=t)

        assert model.transform_one(x)["price_mean_by_shop"] == bare.transform_one(x)["price_mean_by_shop"]

    def test_and_a_prediction_tell_a_model_of_ones_own(self) -> None:
        model = Strict()
        paradigm = paradigm_of("regression", model)
        learn: Any = paradigm.learner(model)
        predict: Any = paradigm.predictor(model)

        learn(Timed({}, "2026-03-01T07:00:00+02:00"), 1.0)

        assert model.last == dt.datetime.fromisoformat("2026-03-01T05:00")
        assert (predict(Timed({}, "2026-03-01T08:00:00Z")), predict({})) == (8.0, 0.0)


class Late(base.Classifier):  # type: ignore[misc]  # River has no types
    """It has no probabilities, and learns by time."""

    def learn_one(self, x: Any, y: Any, t: object) -> None:
        pass

    def predict_one(self, x: Any) -> bool:
        return True


class TestATrial:
    @pytest.mark.parametrize(("flavor", "make", "_"), MODELS, ids=IDS)
    def test_takes_each(self, flavor: str, make: Callable[[], Any], _: object) -> None:
        trials.run(pickle.dumps(make()), flavor, lambda *_: None)

    def test_tells_when_as_it_falls_back_on_labels(self) -> None:
        assert trials.run(pickle.dumps(Late()), "binary", lambda *_: None).predict_method == "predict_one"

    def test_refuses_one_that_raises_whatever_the_time(self) -> None:
        with pytest.raises(ModelNotSuitable, match="not implemented"):
            trials.run(pickle.dumps(Unfinished()), "regression", lambda *_: None)

    def test_leaves_the_flavors_as_they_were(self) -> None:
        assert [name for name, flavor in FLAVORS.items() if flavor.clock] == ["transform", "statistic"]


class Unfinished(Strict):
    def learn_one(self, x: Any, y: Any, t: object) -> None:
        assert t is not None
        raise NotImplementedError("soon")
