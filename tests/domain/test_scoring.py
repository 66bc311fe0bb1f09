import math
import pickle
import random

import pytest
from river import metrics

from models_app.domain import scoring
from models_app.domain.predictions import Label, Prediction, Probabilities
from models_app.domain.scoring import GroundTruth, Scorer
from models_app.paradigms.registry import FLAVORS


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

        scorer.take()
        values = scoring.values(ours)
        assert values["Accuracy"] == accuracy.get() == 0.5
        assert values["CrossEntropy"] == cross_entropy.get()

    @pytest.mark.parametrize("n_odd", [0, 3])
    @pytest.mark.parametrize(
        ("flavor", "labels"), [("binary", [True, False]), ("multiclass", ["a", 2, 3.5]), ("regression", [])]
    )
    def test_makes_of_many_what_it_makes_of_each(self, flavor: str, labels: list[Label], n_odd: int) -> None:
        rng = random.Random(7)
        scored: list[tuple[GroundTruth, Prediction]] = [
            (rng.choice(labels), {label: rng.random() for label in labels})
            if labels
            else (rng.random(), rng.random())
            for _ in range(300)
        ]
        odd: list[Prediction] = [None, {}, {True: math.nan}] if labels else [None, math.inf, 7]
        for place in range(n_odd):
            scored[100 * place] = (labels[0] if labels else 1.0, odd[place])
        ours = [FLAVORS[flavor].new_metrics() for _ in range(2)]
        at_once, one_by_one = map(Scorer, ours)

        at_once.score_all(scored)
        for y_true, y_pred in scored:
            one_by_one.score(y_true, y_pred)

        assert at_once.take() == one_by_one.take()
        assert scoring.values(ours[0]) == scoring.values(ours[1])

    def test_leaves_out_what_cannot_be_scored(self) -> None:
        ours = FLAVORS["regression"].new_metrics()
        scorer = Scorer(ours)

        for prediction in (None, math.nan, math.inf):
            scorer.score(1.0, prediction)
        scorer.score(1.0, 3.0)
        scorer.take()

        assert scoring.values(ours)["MAE"] == 2.0

    @pytest.mark.parametrize(("flavor", "labels"), [("binary", [True, False]), ("multiclass", [3, "b", 2.5])])
    def test_counts_labels_that_come_without_probabilities(self, flavor: str, labels: list[Label]) -> None:
        ours, over_all = (
            FLAVORS[flavor].served_by("predict_one").new_metrics(),
            FLAVORS[flavor].new_metrics(),
        )
        scorer, folding, rng = Scorer(ours), Scorer(over_all), random.Random(1)
        bare = [type(metric)() for metric in ours]

        for _ in range(200):
            y_true, y_pred = rng.choice(labels), rng.choice(labels)
            scorer.score(y_true, y_pred)
            for metric in bare:
                metric.update(y_true, y_pred)
        scorer.score(labels[0], None)
        scores = scorer.take()
        folding.fold(scores)

        assert scoring.values(ours) == pytest.approx(scoring.values(bare))
        assert (scores.n, scores.unscored, scores.losses) == (200, [200], [])
        # What needs probabilities has seen nothing; the rest is what the model alone has.
        values = scoring.values(over_all)
        assert {name: values[name] for name in scoring.values(ours)} == scoring.values(ours)
        needs_probabilities = next(metric for metric in over_all if not metric.requires_labels)
        assert needs_probabilities._mean.n == 0

    @pytest.mark.parametrize("flavor", ["binary", "multiclass"])
    def test_keeps_probabilities_and_labels_of_other_models_apart(self, flavor: str) -> None:
        """The metrics over all models see both; read from the journal, one learn after the other."""
        over_all = FLAVORS[flavor].new_metrics()
        scorer = Scorer(over_all)

        scorer.score(True, {True: 0.5, False: 0.5})
        scorer.score(True, False)
        scorer.take()

        values = scoring.values(over_all)
        assert values["Accuracy"] == 0.5
        assert values["LogLoss" if flavor == "binary" else "CrossEntropy"] == pytest.approx(math.log(2))

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

        scorer.take()
        # Two classes: no order of them changes a sum.
        assert scoring.values(ours) == scoring.values(apart)

    def test_keeps_what_is_shared_through_a_pickle(self) -> None:
        ours = pickle.loads(pickle.dumps(FLAVORS["multiclass"].new_metrics()))

        scorer = Scorer(ours)
        scorer.score("a", {"a": 1.0})
        scorer.take()

        assert [metric.cm.n_samples for metric in ours if metric.requires_labels] == [1] * 7

    def test_refuses_at_once_what_a_metric_cannot_take(self) -> None:
        scorer = Scorer(FLAVORS["regression"].new_metrics())

        with pytest.raises(OverflowError):
            scorer.score(1, 10**400)


class TestTake:
    def test_says_where_each_learn_stood_that_could_not_be_scored(self) -> None:
        scorer = Scorer(FLAVORS["regression"].new_metrics())

        for prediction in (1.0, None, 2.0, math.nan, None, 3.0):
            scorer.score(1.0, prediction)
        scores = scorer.take()

        assert (scores.n, scores.unscored) == (3, [1, 3, 4])

    @pytest.mark.parametrize("step", [1, 7, 500])
    def test_folds_means_to_the_last_bit_whatever_is_taken_at_a_time(self, step: int) -> None:
        ours = FLAVORS["regression"].new_metrics()
        alone = [kind() for kind in FLAVORS["regression"].metrics]
        scorer, rng = Scorer(ours), random.Random(1)

        for number in range(500):
            y_true, y_pred = rng.gauss(0, 1e3), rng.choice([rng.random(), rng.randrange(9)])
            scorer.score(y_true, y_pred)
            for metric in alone:
                metric.update(y_true, y_pred)
            if number % step == 0:
                scorer.take()

        scorer.take()
        assert scoring.values(ours) == scoring.values(alone)

    def test_returns_what_others_can_fold(self) -> None:
        kinds = (metrics.Accuracy, metrics.LogLoss, metrics.ROCAUC)
        ours, others, alone = (scoring.new_metrics(kinds) for _ in range(3))
        scorer, follower, rng = Scorer(ours), Scorer(others), random.Random(1)
        accuracy, *rest = alone

        for _ in range(20):
            for _ in range(25):
                y_true, p = rng.random() < 0.3, rng.random()
                scorer.score(y_true, {False: 1 - p, True: p})
                accuracy.update(y_true, p > 0.5)
                for metric in rest:
                    metric.update(y_true, {False: 1 - p, True: p})
            follower.fold(scorer.take())

        assert scoring.values(ours) == scoring.values(others) == scoring.values(alone)

    def test_leaves_nothing_to_take_again(self) -> None:
        scorer = Scorer(FLAVORS["regression"].new_metrics())
        scorer.score(1.0, 3.0)

        assert [scorer.take().n, scorer.take().n] == [1, 0]


class TestValues:
    def test_are_none_where_they_are_not_finite(self) -> None:
        mean = metrics.MAE()
        mean.update(math.inf, 0.0)

        assert scoring.values([mean]) == {"MAE": None}
