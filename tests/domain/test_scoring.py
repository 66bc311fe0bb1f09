import math
import pickle
import random

import pytest
from river import metrics

from models_app.domain import scoring
from models_app.domain.flavors import FLAVORS
from models_app.domain.predictions import Probabilities
from models_app.domain.scoring import Scorer


class TestScore:
    def test_gives_labels_to_metrics_that_need_them_and_probabilities_to_the_others(self) -> None:
        ours = FLAVORS["multiclass"].new_metrics()
        scorer = Scorer(ours)
        accuracy, cross_entropy = metrics.Accuracy(), metrics.CrossEntropy()

        learned: list[tuple[str, str, Probabilities]] = [
            ("a", "b", {"a": 0.4, "b": 0.6}),
            ("b", "b", {"a": 0.2, "b": 0.8}),
        ]
        for y_true, label, y_pred in learned:
            scorer.score(y_true, y_pred)
            accuracy.update(y_true, label)
            cross_entropy.update(y_true, y_pred)

        scorer.hand_over()
        values = scoring.values(ours)
        assert values["Accuracy"] == accuracy.get() == 0.5
        assert values["CrossEntropy"] == cross_entropy.get()

    def test_leaves_out_what_cannot_be_scored(self) -> None:
        ours = FLAVORS["regression"].new_metrics()
        scorer = Scorer(ours)

        for prediction in (None, math.nan, math.inf):
            scorer.score(1.0, prediction)
        scorer.score(1.0, 3.0)

        assert scoring.values(ours)["MAE"] == 2.0

    @pytest.mark.parametrize("flavor", ["binary", "multiclass"])
    def test_gives_what_metrics_that_share_nothing_give(self, flavor: str) -> None:
        ours = FLAVORS[flavor].new_metrics()
        apart = [kind() for kind in FLAVORS[flavor].metrics]
        scorer, rng = Scorer(ours), random.Random(1)

        for _ in range(500):
            y_true = rng.random() < 0.3
            p = rng.random()
            scorer.score(y_true, {False: 1 - p, True: p})
            for metric in apart:
                metric.update(y_true, p > 0.5 if metric.requires_labels else {False: 1 - p, True: p})

        scorer.hand_over()
        # Two classes: no order of them changes a sum.
        assert scoring.values(ours) == scoring.values(apart)

    def test_keeps_what_is_shared_through_a_pickle(self) -> None:
        ours = pickle.loads(pickle.dumps(FLAVORS["multiclass"].new_metrics()))

        scorer = Scorer(ours)
        scorer.score("a", {"a": 1.0})
        scorer.hand_over()

        assert [metric.cm.n_samples for metric in ours if metric.requires_labels] == [1] * 7


class TestValues:
    def test_are_none_where_they_are_not_finite(self) -> None:
        mean = metrics.MAE()
        mean.update(math.inf, 0.0)

        assert scoring.values([mean]) == {"MAE": None}
