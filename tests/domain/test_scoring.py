import math

from river import metrics

from models_app.domain import scoring
from models_app.domain.flavors import FLAVORS
from models_app.domain.predictions import Probabilities


class TestScore:
    def test_gives_labels_to_metrics_that_need_them_and_probabilities_to_the_others(self) -> None:
        ours = FLAVORS["multiclass"].new_metrics()
        accuracy, cross_entropy = metrics.Accuracy(), metrics.CrossEntropy()

        learned: list[tuple[str, str, Probabilities]] = [
            ("a", "b", {"a": 0.4, "b": 0.6}),
            ("b", "b", {"a": 0.2, "b": 0.8}),
        ]
        for y_true, label, y_pred in learned:
            scoring.score(ours, y_true, y_pred)
            accuracy.update(y_true, label)
            cross_entropy.update(y_true, y_pred)

        values = scoring.values(ours)
        assert values["Accuracy"] == accuracy.get() == 0.5
        assert values["CrossEntropy"] == cross_entropy.get()

    def test_leaves_out_what_cannot_be_scored(self) -> None:
        ours = FLAVORS["regression"].new_metrics()

        for prediction in (None, math.nan, math.inf):
            scoring.score(ours, 1.0, prediction)
        scoring.score(ours, 1.0, 3.0)

        assert scoring.values(ours)["MAE"] == 2.0


class TestValues:
    def test_are_none_where_they_are_not_finite(self) -> None:
        mean = metrics.MAE()
        mean.update(math.inf, 0.0)

        assert scoring.values([mean]) == {"MAE": None}
