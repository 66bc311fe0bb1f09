"""Draws of a model while it is called can be had again, and are nobody else's."""

import pickle
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import check_random_state

from models_app.domain.draws import Draws, apart

Draw = Callable[[], object]

DRAWS: dict[str, Draw] = {
    "random": random.random,
    "gauss": lambda: [random.gauss(0, 1) for _ in range(3)],
    "shuffle": lambda: random.sample(range(100), 10),
    "getrandbits": lambda: random.getrandbits(64),
    "numpy": lambda: np.random.random(3).tolist(),
    "numpy, an alias": lambda: np.random.sample(3).tolist(),
    "numpy, normal": lambda: np.random.normal(size=3).tolist(),
    "the generator of scikit-learn and SciPy": lambda: check_random_state(None).uniform(),
    "a generator without a seed": lambda: random.Random().random(),
    "numpy's generator without a seed": lambda: np.random.default_rng().random(),
    "numpy's old generator without a seed": lambda: np.random.RandomState().random_sample(),
    "two of them": lambda: (random.Random().random(), random.Random().random()),
}


@contextmanager
def one_call(draws: Draws, call: int) -> Iterator[None]:
    """Run a block as one call."""
    draws.call = call
    with draws:
        yield


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
class TestDraws:
    def test_draws_the_same_in_the_same_call(self, draw: Draw) -> None:
        draws = Draws("model")
        drawn = []
        for call in (7, 8, 7):
            with one_call(draws, call):
                drawn.append(draw())

        assert drawn[0] == drawn[2]
        assert drawn[0] != drawn[1]

    def test_draws_something_else_for_another_model(self, draw: Draw) -> None:
        drawn = []
        for name in ("one", "another"):
            with one_call(Draws(name), 7):
                drawn.append(draw())

        assert drawn[0] != drawn[1]

    def test_draws_as_ever_outside_of_calls(self, draw: Draw) -> None:
        with one_call(Draws("model"), 7):
            within = draw()

        assert draw() != draw()
        assert within != draw()


class TestProcessWideGenerators:
    def test_go_on_outside_as_if_no_model_had_drawn(self) -> None:
        random.seed(1)
        np.random.seed(1)
        undisturbed = (random.random(), random.random(), np.random.rand(), np.random.rand())
        random.seed(1)
        np.random.seed(1)

        begun = (random.random(), np.random.rand())
        with one_call(Draws("model"), 7):
            random.random()
            random.seed(99)
            np.random.seed(99)
            np.random.rand()

        assert (begun[0], random.random(), begun[1], np.random.rand()) == undisturbed

    def test_are_the_generators_of_one_thread_only(self) -> None:
        begun, drawn = threading.Barrier(2), []
        reference = []
        with one_call(Draws("a"), 1):
            reference.append([random.random() for _ in range(3)])

        def draw(name: str) -> None:
            with one_call(Draws(name), 1):
                begun.wait()
                numbers = []
                for _ in range(3):
                    numbers.append(random.random())
                    begun.wait()
            drawn.append((name, numbers))

        threads = [threading.Thread(target=draw, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert dict(drawn)["a"] == reference[0]
        assert dict(drawn)["b"] != reference[0]

    def test_are_left_alone_apart(self) -> None:
        draws = Draws("model")
        with one_call(draws, 1):
            alone = [random.random(), random.Random().random()]
        with one_call(draws, 1):
            first = random.random()
            with apart():
                random.random()
                pickle.loads(pickle.dumps(random.Random()))
            interrupted = [first, random.Random().random()]

        assert interrupted == alone

    @pytest.mark.parametrize("function", [random.random, random.choice, np.random.rand, np.random.seed])
    def test_are_pickled_by_their_names(self, function: Any) -> None:
        data = pickle.dumps(function)

        assert pickle.loads(data) is function
        assert b"models_app" not in data

    def test_keep_a_model_with_numpys_generator_on_it(self) -> None:
        held = {"generator": check_random_state(None)}
        restored = pickle.loads(pickle.dumps(held))
        draws = Draws("model")

        drawn = []
        for holder in (held, restored):
            with one_call(draws, 1):
                drawn.append(holder["generator"].uniform())

        assert drawn[0] == drawn[1]
        assert isinstance(held["generator"], np.random.RandomState)

    def test_draw_the_same_in_the_first_call_as_later(self) -> None:
        draws = Draws("model")
        drawn = []
        for _ in range(2):
            with one_call(draws, 1):
                drawn.append((np.random.rand(), random.random(), np.random.default_rng().random()))

        assert drawn[0] == drawn[1]

    @given(st.integers(min_value=1, max_value=200))
    def test_give_noise_of_any_length(self, bits: int) -> None:
        assert 0 <= Draws("model").entropy(bits) < 2**bits
