import pickle
from typing import Any

import dill
import pytest
from river import compose, datasets, metrics, preprocessing, time_series

from models_app.domain.errors import InvalidRequest
from models_app.domain.scoring import kind_of, name_of, values
from models_app.paradigms import trials
from models_app.paradigms.forecasting import FORECASTING, MAX_HORIZON
from models_app.paradigms.open_forecasts import HORIZON, MAX_SCORED, OpenForecasts

PASSENGERS = [float(y) for _, y in datasets.AirlinePassengers()]


def snarimax() -> Any:
    return time_series.SNARIMAX(p=3, d=1, q=1)


def holt_winters() -> Any:
    return time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=12, multiplicative=True)


class Strange:
    """It does what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.n = 0

    def learn_one(self, y: float, x: Any = None) -> None:
        self.n += 1

    def forecast(self, horizon: int, xs: Any = None) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Informed:
    """It forecasts from features, and knows how many steps these are of."""

    def learn_one(self, y: float, x: dict[str, float]) -> None:
        self.last = y * x["a"]

    def forecast(self, horizon: int, xs: list[dict[str, float]]) -> list[float]:
        assert horizon == len(xs)
        return [x["b"] for x in xs]


def follow(model: Any, course: Any, series: list[float]) -> list[Any]:
    """Let a model observe a series; return what was expected of each observation."""
    expected = []
    for y in series:
        expected.append(course.expected(model, {}))
        FORECASTING.learner(model)({}, y)
        course.learned(model, {}, y)
    return expected


class TestCourse:
    @pytest.mark.parametrize("make", [snarimax, holt_winters])
    def test_expects_what_was_forecast_one_to_twelve_steps_before(self, make: Any) -> None:
        bare, forecasts = make(), []
        for y in PASSENGERS:
            bare.learn_one(y)
            can = not isinstance(bare, time_series.HoltWinters) or len(bare.level)
            forecasts.append(bare.forecast(HORIZON) if can else [])

        expected = follow(make(), FORECASTING.course(None), PASSENGERS)

        for number, found in enumerate(expected):
            known = {
                step: forecasts[number - step][step - 1]
                for step in range(1, HORIZON + 1)
                if number >= step and forecasts[number - step]
            }
            assert found == known

    def test_goes_on_after_a_pickle(self) -> None:
        model, course = snarimax(), OpenForecasts()
        follow(model, course, PASSENGERS[:30])
        twin, twin_course = pickle.loads(pickle.dumps((model, course)))

        assert follow(twin, twin_course, PASSENGERS[30:]) == follow(model, course, PASSENGERS[30:])

    def test_has_what_a_client_was_answered_in_place_of_its_own(self) -> None:
        model, course = snarimax(), OpenForecasts()
        follow(model, course, PASSENGERS[:30])

        course.predicted({"horizon": 2}, [1.0, None])
        course.predicted({"horizon": 1}, None)

        expected = follow(model, course, PASSENGERS[30:32])
        assert expected[0][1] == 1.0
        assert expected[1][2] > 100

    def test_forecasts_one_step_where_observations_have_features(self) -> None:
        model, course = snarimax(), OpenForecasts()
        for number, y in enumerate(PASSENGERS[:20]):
            x: dict[str, Any] = {"features": {"a": number % 3}}
            assert course.expected(model, x) == {1: model.forecast(1, [x["features"]])[0]}
            FORECASTING.learner(model)(x, y)
            course.learned(model, x, y)

        course.predicted({}, [5.0, 6.0])
        assert course.expected(model, {"features": {"a": 1}}) == {1: 5.0}

    @pytest.mark.parametrize(
        "answer", [IndexError("too early"), None, [], "text", {}, [float("nan")], [1e200]]
    )
    def test_learns_on_where_the_model_has_no_forecast(self, answer: Any) -> None:
        model = Strange(answer)

        assert follow(model, OpenForecasts(), [1.0, 2.0]) == [{}, {}]
        assert model.n == 2

    def test_is_bounded(self) -> None:
        course = OpenForecasts()

        course.predicted({}, [1.0] * MAX_HORIZON)

        assert len(course._open) == MAX_SCORED


class TestModels:
    @pytest.mark.parametrize(
        "model",
        [
            snarimax(),
            holt_winters(),
            time_series.HoltWinters(alpha=0.3),
            preprocessing.StandardScaler() | snarimax(),
            compose.Pipeline(preprocessing.MinMaxScaler(), compose.Pipeline(snarimax())),
        ],
        ids=str,
    )
    def test_are_taken(self, model: Any) -> None:
        assert trials.run(pickle.dumps(model), "auto", lambda *_: None).flavor == "forecasting"

    def test_are_tried_with_features_where_they_need_some(self) -> None:
        assert trials.run(dill.dumps(Informed()), "forecasting", lambda *_: None) == trials.TrialResult()

    def test_of_a_season_answer_nothing_before_it(self) -> None:
        model, predict = holt_winters(), FORECASTING.predictor
        for y in PASSENGERS[:11]:
            model.learn_one(y)
        assert FORECASTING.normalize(predict(model)({"horizon": 3})) is None

        model.learn_one(PASSENGERS[11])
        assert FORECASTING.normalize(predict(model)({"horizon": 3})) == model.forecast(3)

    def test_in_pipelines_get_what_the_steps_before_make(self) -> None:
        model = preprocessing.StandardScaler() | snarimax()
        bare = preprocessing.StandardScaler() | snarimax()
        for number, y in enumerate(PASSENGERS):
            x = {"a": number % 12}
            FORECASTING.learner(model)({"features": dict(x)}, y)
            bare.learn_one(x, y)

        xs = [{"a": 0}, {"a": 1}]
        assert FORECASTING.predictor(model)({"horizon": 2, "xs": xs}) == bare.forecast(2, xs)


class TestMembers:
    @pytest.mark.parametrize(
        ("members", "field", "part"),
        [
            ({}, "horizon", "required field"),
            ({"xs": []}, "horizon", "required field"),
            ({"horizon": 0}, "horizon", "from 1 to 1,000"),
            ({"horizon": True}, "horizon", "must be an integer"),
            ({"horizon": 2.0}, "horizon", "must be an integer"),
            ({"horizon": 10**400}, "horizon", "must be an integer"),
            ({"horizon": 2, "xs": {}}, "xs", "must be an array of objects"),
            ({"horizon": 2, "xs": [1, 2]}, "xs", "must be an array of objects"),
            ({"horizon": 2, "xs": [{}]}, "xs", "each step of the horizon: 2, not 1"),
            ({"horizon": 2, "features": {}}, "features", "'xs' has the features"),
            ({"horizon": 2, "user": 1}, "user", "not taken by the flavor 'forecasting'"),
        ],
    )
    def test_of_forecasts_that_are_wrong_are_refused_by_name(
        self, members: dict[str, Any], field: str, part: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refused:
            FORECASTING.check_members(members, learns=False)

        assert isinstance(refused.value.message, dict)
        assert part in refused.value.message[field][0]

    def test_of_observations_are_features_or_none(self) -> None:
        FORECASTING.check_members({}, learns=True)
        FORECASTING.check_members({"features": {}}, learns=True)
        FORECASTING.check_members({"horizon": 1, "xs": [{}]}, learns=False)
        with pytest.raises(InvalidRequest) as refused:
            FORECASTING.check_members({"horizon": 3}, learns=True)
        assert refused.value.message == {
            "horizon": ["not taken to learn: an observation has a ground truth, and 'features' if any"]
        }


class TestMetrics:
    def test_are_over_all_steps_and_by_step(self) -> None:
        scores = FORECASTING.new_metrics()
        others = FORECASTING.new_metrics()

        for metric in scores:
            metric.update(10.0, {1: 11.0, 3: 14.0})

        assert list(values(scores)) == [
            "MAE", "RMSE", "SMAPE", "MAE[1]", "MAE[3]", "MAE[6]", "MAE[12]", "RMSE[1]", "RMSE[3]", "RMSE[6]",
            "RMSE[12]", "SMAPE[1]", "SMAPE[3]", "SMAPE[6]", "SMAPE[12]",
        ]  # fmt: skip
        assert list(values(scores).values())[3:11] == [1.0, 4.0, 0.0, 0.0] * 2
        assert values(scores)["MAE"] == 2.5
        # Those of another model are its own.
        assert values(others)["MAE"] == 0.0
        assert values([kind_of(metric)() for metric in scores]) == values(others)
        assert [name_of(metric) for metric in pickle.loads(pickle.dumps(scores))] == list(values(scores))

    def test_take_back_what_they_took(self) -> None:
        metric = FORECASTING.new_metrics()[4]
        metric.update(10.0, {3: 14.0})
        metric.update(10.0, {3: 12.0})

        metric.revert(10.0, {3: 14.0})

        assert metric.get() == 2.0

    def test_are_those_of_river_where_it_scores_the_same(self) -> None:
        course, model = OpenForecasts(), snarimax()
        expected = follow(model, course, PASSENGERS)
        river = time_series.HorizonMetric(metrics.MAE())
        bare = snarimax()
        for number, y in enumerate(PASSENGERS[:-HORIZON]):
            bare.learn_one(y)
            river.update(PASSENGERS[number + 1 : number + 1 + HORIZON], bare.forecast(HORIZON))

        # River leaves out what it cannot score over the whole horizon: at the end, the nearest steps.
        for step in range(1, HORIZON + 1):
            own = metrics.MAE()
            for number in range(step, len(PASSENGERS) - HORIZON + step):
                own.update(PASSENGERS[number], expected[number][step])
            assert own.get() == river.get()[step - 1]


class TestDrift:
    def test_watches_the_error_of_the_latest_forecast(self) -> None:
        assert FORECASTING.error(10.0, {2: 8.0, 3: 1.0}) == 2.0
        assert FORECASTING.error(10.0, {}) is None
        assert FORECASTING.level({1: 5.0, 2: 8.0}) == 5.0
        assert FORECASTING.level([7.0, 9.0]) == 7.0
        assert FORECASTING.level(None) is None
        assert FORECASTING.level([None]) is None
