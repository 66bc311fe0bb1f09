import gc
import sys
import threading
from typing import Any

import pytest
from river import datasets, forest, linear_model, naive_bayes, preprocessing

from models_app.domain.sizes import estimate_size


def trained(model: Any) -> Any:
    for x, y in datasets.Phishing().take(300):
        model.learn_one(x, y)
    return model


class TestEstimateSize:
    @pytest.mark.parametrize(
        "model",
        [
            preprocessing.StandardScaler() | linear_model.LogisticRegression(),
            naive_bayes.GaussianNB(),
            forest.ARFClassifier(n_models=2, seed=1),
        ],
        ids=["pipeline", "bayes", "forest"],
    )
    def test_agrees_with_what_river_says(self, model: Any) -> None:
        trained(model)

        assert estimate_size(model) == pytest.approx(model._raw_memory_usage, rel=0.02)

    def test_grows_with_the_model(self) -> None:
        model = naive_bayes.GaussianNB()
        before = estimate_size(model)
        trained(model)
        after = estimate_size(model)

        assert before is not None
        assert after is not None
        assert after > 2 * before

    def test_counts_once_what_is_shared(self) -> None:
        text = "x" * 10_000

        assert estimate_size([text, text]) == sys.getsizeof([text, text]) + sys.getsizeof(text)

    def test_leaves_out_the_program(self) -> None:
        def function() -> None: ...

        assert estimate_size(function, gc, TestEstimateSize) == 0

    def test_takes_what_another_thread_changes(self) -> None:
        changing: dict[int, list[int]] = {}
        ends = threading.Event()

        def change() -> None:
            number = 0
            while not ends.is_set():
                number += 1
                changing[number % 500] = list(range(number % 50))
                changing.pop((number * 7) % 500, None)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            assert all(estimate_size(changing) for _ in range(200))
        finally:
            ends.set()
            thread.join()
