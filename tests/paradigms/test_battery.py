"""The battery of every flavor: a new one has to pass it."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from django.template.loader import get_template
from river import (
    anomaly,
    bandit,
    cluster,
    drift,
    linear_model,
    multioutput,
    preprocessing,
    reco,
    stats,
    time_series,
    tree,
)

from models_app.domain import learns, predictions
from models_app.domain.errors import InvalidGroundTruth, InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, is_scorable
from models_app.domain.scoring import Scorer, name_of, values
from models_app.paradigms import chosen_metrics, trials
from models_app.paradigms.base import FEATURES, Paradigm
from models_app.paradigms.registry import FLAVORS, get_flavor
from monitoring.pages.diagnoses import diagnosis_of
from monitoring.pages.outcomes import Outcome

#: A model that fits.
MODELS: dict[str, Any] = {
    "regression": linear_model.LinearRegression,
    "binary": linear_model.LogisticRegression,
    "multiclass": linear_model.SoftmaxRegression,
    "label": linear_model.SoftmaxRegression,
    "multioutput": tree.ISOUPTreeRegressor,
    "anomaly": lambda: anomaly.QuantileFilter(anomaly.HalfSpaceTrees(), q=0.9),
    "forecasting": lambda: time_series.SNARIMAX(p=2, d=1, q=1),
    "recommendation": lambda: reco.BiasedMF(seed=1),
    "supervised_anomaly": lambda: anomaly.GaussianScorer(grace_period=5),
    "multilabel": lambda: multioutput.PerOutputClassifier(linear_model.LogisticRegression()),
    "clustering": lambda: cluster.KMeans(n_clusters=3, seed=1),
    "bandit": lambda: bandit.EpsilonGreedy(0.3, seed=1),
    "transform": preprocessing.StandardScaler,
    "statistic": stats.Mean,
    "drift": drift.ADWIN,
}
# Flavors whose models need more than features, so that no pipeline can pass on what they need.
UNPIPED = {"recommendation", "bandit", "statistic", "drift"}
N = 20


def by_each_method() -> Iterator[Any]:
    for flavor in FLAVORS.values():
        step = MODELS[flavor.name]()
        for method in ("", flavor.fallback(step) or ""):
            yield pytest.param(flavor.served_by(method), id=f"{flavor.name}-{method}")


@pytest.fixture(params=list({one.id: one for one in by_each_method()}.values()))
def paradigm(request: pytest.FixtureRequest) -> Paradigm:
    assert isinstance(request.param, Paradigm)
    return request.param


@pytest.fixture
def model(paradigm: Paradigm) -> Any:
    fitting = MODELS[paradigm.name]()
    return fitting if paradigm.name in UNPIPED else preprocessing.StandardScaler() | fitting


def inputs(paradigm: Paradigm, number: int) -> Features:
    if paradigm.trial_inputs:
        return paradigm.trial_inputs[0](number)
    return {"a": float(number % 5), "b": 1.0 / (1 + number)}


def answer(paradigm: Paradigm, model: Any, number: int) -> Prediction:
    return paradigm.normalize(paradigm.predictor(model)(inputs(paradigm, number)))


def learn(paradigm: Paradigm, model: Any, number: int) -> None:
    """Let a model learn a record, as an engine does."""
    x, truth = inputs(paradigm, number), paradigm.trial_truths[0](number)
    if paradigm.takes:
        x = paradigm.taught(x, answer(paradigm, model, number))
    paradigm.learner(model)(x, truth)


class TestEachFlavor:
    def test_is_found_by_its_name(self, paradigm: Paradigm) -> None:
        assert get_flavor(paradigm.name).name == paradigm.name

    def test_calls_models_that_fit(self, paradigm: Paradigm, model: Any) -> None:
        assert paradigm.missing_methods(model) == []
        assert paradigm.unsuitable(model) is None

        finding = trials.run(pickle.dumps(model), paradigm.name, lambda *_: None)

        assert finding == trials.TrialResult()

    def test_knows_what_is_no_model(self, paradigm: Paradigm) -> None:
        assert paradigm.missing_methods(object()) == list(paradigm.methods)

    def test_takes_its_own_ground_truths(self, paradigm: Paradigm) -> None:
        truths = [make(number) for make in paradigm.trial_truths for number in range(N)]
        for truth in [json.loads(paradigm.example_truth), *truths]:
            assert paradigm.ground_truth(truth) is truth
            assert paradigm.learned(truth) == truth

    @pytest.mark.parametrize("value", [[], {}, [1], {"a": "x"}, float("nan"), float("inf"), 10**400])
    def test_refuses_what_is_none(self, paradigm: Paradigm, value: object) -> None:
        with pytest.raises((InvalidGroundTruth, InvalidRequest)):
            paradigm.ground_truth(value)

    def test_needs_a_ground_truth_or_learns_without(self, paradigm: Paradigm) -> None:
        if not paradigm.needs_truth:
            assert paradigm.ground_truth(None) is None
            return
        with pytest.raises(InvalidRequest) as refused:
            paradigm.ground_truth(None)
        assert refused.value.message == {"ground_truth": ["required field"]}

    def test_takes_what_it_is_asked_with(self, paradigm: Paradigm) -> None:
        asked = inputs(paradigm, 0)
        members = asked if paradigm.takes else {FEATURES: asked}
        assert isinstance(members, dict)

        paradigm.check_members(members, learns=False)
        with pytest.raises(InvalidRequest):
            paradigm.check_members({**members, "colour": 1}, learns=False)

    def test_predicts_learns_and_keeps(self, paradigm: Paradigm, model: Any) -> None:
        for number in range(N):
            y_pred = answer(paradigm, model, number)
            assert learns.decode_prediction(learns.encode_prediction(y_pred)) == y_pred
            json.dumps(predictions.to_json(paradigm.shown(y_pred)), allow_nan=False)
            if paradigm.pairs is not None or is_scorable(y_pred):
                assert isinstance(paradigm.level(y_pred), float | None)
            learn(paradigm, model, number)

    def test_scores_what_can_be_scored(self, paradigm: Paradigm, model: Any) -> None:
        scores = paradigm.new_metrics()
        scorer = Scorer(scores, paradigm.pairs)
        for number in range(N):
            scorer.score(json.loads(paradigm.example_truth), answer(paradigm, model, number))
            learn(paradigm, model, number)
        taken = scorer.take()

        assert taken.n >= N - 1 or not scores
        assert next(iter(values(scores)), "") == paradigm.headline

    def test_scores_each_model_by_metrics_of_its_own(self, paradigm: Paradigm, model: Any) -> None:
        before = values(paradigm.new_metrics())
        scorer = Scorer(paradigm.new_metrics(), paradigm.pairs)
        for number in range(N):
            scorer.score(json.loads(paradigm.example_truth), answer(paradigm, model, number))
            learn(paradigm, model, number)
        scorer.take()

        assert values(paradigm.new_metrics()) == before

    def test_measures_the_errors_that_drift_watches(self, paradigm: Paradigm, model: Any) -> None:
        if paradigm.pairs is not None:
            pytest.skip("its errors are not known")
        make_truth = paradigm.trial_truths[0]
        scores = paradigm.new_metrics()
        scorer = Scorer(scores)
        errors, levels = [], []
        for number in range(N):
            y_true = paradigm.learned(make_truth(number))
            y_pred = answer(paradigm, model, number)
            if is_scorable(y_pred):
                scorer.score(y_true, y_pred)
                errors.append(paradigm.error(y_true, y_pred))
                levels.append(paradigm.level(y_pred))
            learn(paradigm, model, number)

        taken = scorer.take()

        assert len(errors) >= N - 1
        assert errors == list(paradigm.errors(taken))
        assert all(level is None or isinstance(level, float) for level in levels)
        assert next(iter(values(scores))) == paradigm.headline
        assert None not in values(scores).values()

    def test_is_worse_where_predictions_are_wrong(self, paradigm: Paradigm, model: Any) -> None:
        first, second = (paradigm.trial_truths[0](number) for number in range(2))
        for _number in range(N):
            learn(paradigm, model, 0)
        y_pred = answer(paradigm, model, 0)
        right, wrong = paradigm.error(first, y_pred), paradigm.error(second, y_pred)

        assert (right is None) == (wrong is None)
        if right is not None and wrong is not None:
            assert right < wrong

    def test_has_metrics_that_fit_it(self, paradigm: Paradigm) -> None:
        more = chosen_metrics.available(paradigm)
        own = [name_of(kind()) for kind in paradigm.metrics]
        assert bool(more) == bool(paradigm.fitting_metrics or paradigm.more_metrics)

        assert all(paradigm.can_score(kind) for kind in paradigm.metrics)
        chosen = chosen_metrics.kinds([*own[-1:], *more[:1]], paradigm)
        assert [name_of(kind()) for kind in chosen] == [*own, *more[:1]]

    def test_is_diagnosed(self, paradigm: Paradigm, model: Any) -> None:
        diagnosis = diagnosis_of(paradigm)
        assert (diagnosis is None) == (not paradigm.diagnosis)
        if diagnosis is None:
            return
        for number in range(N):
            learn(paradigm, model, number)
        y_pred = answer(paradigm, model, 0)
        outcome = Outcome(at=1.0, y_true=paradigm.trial_truths[0](0), y_pred=y_pred)

        found = diagnosis.find([outcome], paradigm)

        has_nothing = paradigm.diagnosis == "levels" and paradigm.level(y_pred) is None
        assert (found["n"], found["n_left_out"]) == (
            (0, 1) if paradigm.answers_labels or has_nothing else (1, 0)
        )
        assert found["drawn"]
        assert json.dumps(found["drawn"])
        assert get_template(diagnosis.charts).render({})
        assert get_template(diagnosis.template).render({**found, "window": 1})

    def test_is_a_flavor_without_a_state(self, paradigm: Paradigm) -> None:
        before = dict(vars(paradigm))
        paradigm.new_metrics()

        assert vars(paradigm) == before
        assert paradigm.served_by("") is paradigm
