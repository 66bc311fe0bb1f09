import pickle
import random

import pytest
from river import metrics, utils

from models_app.domain.scoring import Scorer, new_metrics
from models_app.domain.windows import SIZE, Window

KINDS = {
    "regression": (metrics.MAE, metrics.RMSE, metrics.SMAPE, metrics.R2),
    "binary": (metrics.Accuracy, metrics.LogLoss, metrics.F1, metrics.MCC),
}


def learned(flavor: str, n: int) -> tuple[Window, dict[str, float]]:
    """Score `n` learns; return the window, and what River's rolling metrics say."""
    rng = random.Random(1)
    rolling = [utils.Rolling(kind, window_size=SIZE) for kind in KINDS[flavor]]
    scorer, window = Scorer(new_metrics(KINDS[flavor])), Window()
    for number in range(n):
        if flavor == "regression":
            y_true, y_pred = rng.gauss(0, 1), rng.gauss(0, 1)
            scorer.score(y_true, y_pred)
            for metric in rolling:
                metric.update(y_true, y_pred)
        else:
            p = rng.random()
            scorer.score(p > rng.random(), {False: 1 - p, True: p})
            for metric in rolling:
                answer = p > 0.5 if metric.requires_labels else {False: 1 - p, True: p}
                metric.update(scorer._scores.pairs[-1][0], answer)
        # As often as a server commits, or less.
        if number % rng.choice([1, 7, 900]) == 0:
            window.add(scorer.take())
    window.add(scorer.take())
    return window, {type(metric.obj).__name__: metric.get() for metric in rolling}


class TestWindow:
    @pytest.mark.parametrize("flavor", KINDS)
    @pytest.mark.parametrize("n", [10, SIZE, 3 * SIZE + 17])
    def test_says_what_rivers_rolling_metrics_say(self, flavor: str, n: int) -> None:
        window, expected = learned(flavor, n)

        assert window.values(KINDS[flavor]) == pytest.approx(expected)

    @pytest.mark.parametrize("flavor", KINDS)
    def test_survives_a_pickle(self, flavor: str) -> None:
        window, _ = learned(flavor, 1_700)

        loaded = pickle.loads(pickle.dumps(window))

        assert loaded.values(KINDS[flavor]) == window.values(KINDS[flavor])

    def test_stays_small(self) -> None:
        window, _ = learned("binary", 20_000)

        assert len(window._pairs) <= 2 * SIZE
        assert len({id(pair) for pair in window._pairs}) <= 4
        assert len(pickle.dumps(window)) < 32_000

    def test_is_left_alone_by_what_its_copy_sees(self) -> None:
        window, _ = learned("regression", 500)
        before = window.values(KINDS["regression"])
        copy = window.copy()
        scorer = Scorer(new_metrics(KINDS["regression"]))
        scorer.score(100.0, 0.0)

        window.add(scorer.take())

        assert copy.values(KINDS["regression"]) == before != window.values(KINDS["regression"])

    def test_says_nothing_before_anything_was_scored(self) -> None:
        assert Window().values([metrics.MAE]) == {"MAE": 0.0}
