import pickle
from typing import Any

import pytest
from river import forest, linear_model, metrics, multioutput

from models_app.domain.errors import InvalidGroundTruth
from models_app.domain.scoring import Scorer, values
from models_app.paradigms import trials
from models_app.paradigms.guessing import guess
from models_app.paradigms.multilabel import MULTILABEL

SHARES = {"a": {True: 0.75, False: 0.25}, "b": {False: 0.5, True: 0.5}}


class Alone:
    """It has no probabilities."""

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_one(self, x: object) -> dict[str, int]:
        return {"a": 1, "b": 0}


def scored(y_true: Any, y_pred: Any) -> tuple[int, dict[str, float | None]]:
    """Return how many were scored, and the metrics."""
    board = MULTILABEL.new_metrics()
    scorer = Scorer(board, MULTILABEL.pairs)
    scorer.score(y_true, y_pred)
    return scorer.take().n, values(board)


class TestScores:
    def test_are_those_of_the_more_probable_labels(self) -> None:
        n, found = scored({"a": True, "b": True}, SHARES)

        river = metrics.multioutput.MicroAverage(metrics.F1())
        river.update({"a": True, "b": True}, {"a": True, "b": False})
        assert (n, found["ExactMatch"], found["MicroAverage(F1)"]) == (1, 0.0, river.get())

    @pytest.mark.parametrize(
        ("y_true", "y_pred", "n"),
        [
            ({"a": 1, "c": True}, SHARES, 1),
            ({"c": True}, SHARES, 0),
            ({"a": True}, {}, 0),
            ({"a": True}, {"a": {}}, 0),
            ({"a": True}, {"a": {True: float("nan")}}, 0),
            ({"a": True}, None, 0),
        ],
    )
    def test_leave_out_labels_that_are_not_known_or_not_predicted(
        self, y_true: Any, y_pred: Any, n: int
    ) -> None:
        scored_n, found = scored(y_true, y_pred)

        assert (scored_n, found["ExactMatch"]) == (n, float(n))

    def test_show_drift_how_many_labels_fit(self) -> None:
        assert MULTILABEL.level(SHARES) == 1.0
        assert MULTILABEL.level({}) is None


class TestGroundTruth:
    @pytest.mark.parametrize("truth", [{"a": "yes"}, {"a": 2}, {"a": None}, True, {}])
    def test_is_refused_where_it_says_anything_else(self, truth: object) -> None:
        with pytest.raises(InvalidGroundTruth):
            MULTILABEL.ground_truth(truth)

    def test_may_say_1_or_0(self) -> None:
        assert MULTILABEL.ground_truth({"a": 1, "b": False}) == {"a": 1, "b": False}


class TestEachOfRivers:
    @pytest.mark.parametrize(
        "model",
        [
            multioutput.ClassifierChain(linear_model.LogisticRegression()),
            multioutput.MonteCarloClassifierChain(linear_model.LogisticRegression(), seed=1),
            multioutput.ProbabilisticClassifierChain(linear_model.LogisticRegression()),
            multioutput.PerOutputClassifier(linear_model.LogisticRegression()),
            multioutput.MultiClassEncoder(forest.ARFClassifier(n_models=2, seed=1)),
        ],
        ids=lambda model: type(model).__name__,
    )
    def test_is_served(self, model: object) -> None:
        assert guess(model) is MULTILABEL
        assert trials.run(pickle.dumps(model), MULTILABEL.name, lambda *_: None) == trials.TrialResult()


def test_models_without_probabilities_answer_labels() -> None:
    finding = trials.run(pickle.dumps(Alone()), MULTILABEL.name, lambda *_: None)
    served = MULTILABEL.served_by(finding.predict_method)

    y_pred = served.normalize(served.predictor(Alone())({}))

    assert finding.predict_method == "predict_one"
    assert y_pred == {"a": True, "b": False}
    assert isinstance(y_pred["a"], bool)
    assert [len(list(served.pairs({"a": True}, y_pred)))] == [1]  # type: ignore[misc]
