"""Models with habits: they draw, change when they predict, or look at the clock."""

import random
import time
import uuid
from typing import Any

import numpy as np

Features = dict[str, Any]


class Drawing:
    """Draws from every process-wide generator when it learns, and when it predicts."""

    def __init__(self) -> None:
        self.noise = 0.0
        self.own: list[random.Random] = []

    def predict_one(self, x: Features) -> float:
        return self.noise + random.random() + float(np.random.rand())

    def learn_one(self, x: Features, y: float) -> None:
        self.own.append(random.Random())
        self.noise += random.gauss(0, 1) + float(np.random.normal()) + self.own[-1].random()


class Remembering:
    """Counts its predictions, from the `after`th on, and predicts the number of learns plus that."""

    def __init__(self, after: int = 1) -> None:
        self.after = after
        self.n_asked = 0
        self.n_predictions = 0
        self.n_learns = 0

    def predict_one(self, x: Features) -> float:
        # What is not counted leaves no trace.
        if x.get("count", self.after == 1):
            self.n_predictions += 1
        return float(self.n_learns + 1000 * self.n_predictions)

    def learn_one(self, x: Features, y: float) -> None:
        self.n_learns += 1


class Stamping:
    """Keeps the moment of each learn."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def predict_one(self, x: Features) -> float:
        return self.moments[-1] if self.moments else 0.0

    def learn_one(self, x: Features, y: float) -> None:
        self.moments.append(time.time_ns() % 1_000_000_007)


class Naming(Stamping):
    """Draws an id for each learn."""

    def learn_one(self, x: Features, y: float) -> None:
        self.moments.append(uuid.uuid4().int % 1_000_000_007)


class Consuming:
    """Writes to what it learns from, and counts; it can be had again all the same."""

    def __init__(self) -> None:
        self.total = 0.0

    def predict_one(self, x: Features) -> float:
        return self.total

    def learn_one(self, x: Features, y: float) -> None:
        self.total += x.pop("a") + x["nested"]["b"].pop()


class Resisting(Stamping):
    """Cannot be pickled once it has learned."""

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        self.generator = (number for number in range(3))


class Failing(Consuming):
    """Learns whatever is asked, but a copy of it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.is_copy = False

    def learn_one(self, x: Features, y: float) -> None:
        if self.is_copy:
            raise SystemExit("a copy")
        self.total += 1.0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # The first one that is loaded serves, and those that come of it do not; a trial is not to see that.
        self.is_copy = 0 < self.total < 10


class Heavy(Consuming):
    """Takes long to be loaded, and counts how often it was."""

    n_loads = 0

    def __init__(self) -> None:
        super().__init__()
        self.n_learns = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).n_loads += 1
        time.sleep(0.3)
        self.__dict__.update(state)

    def learn_one(self, x: Features, y: float) -> None:
        self.n_learns += 1
