"""Models that go wrong, and one that counts."""

import sys
import time
from typing import Any

from river import linear_model, preprocessing

Features = dict[str, Any]


def linear_regression() -> Any:
    return preprocessing.StandardScaler() | linear_model.LinearRegression()


class Counting:
    """Counts its learns and keeps their order."""

    def __init__(self) -> None:
        self.truths: list[float] = []

    def predict_one(self, x: Features) -> float:
        return float(len(self.truths))

    def learn_one(self, x: Features, y: float) -> None:
        self.truths.append(y)


class Fragile(Counting):
    """Raises halfway: after it has changed."""

    def predict_one(self, x: Features) -> float:
        if x.get("bad_predict"):
            self.truths.append(-1.0)
            raise ValueError("cannot predict")
        return super().predict_one(x)

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        if x.get("bad"):
            raise ValueError("cannot learn")
        if x.get("exit"):
            sys.exit("bye")


class Greedy(Counting):
    """Writes to the features that it is handed."""

    def predict_one(self, x: Features) -> float:
        x.clear()
        return 0.0

    def learn_one(self, x: Features, y: float) -> None:
        assert x
        super().learn_one(x, y)
        x.clear()


class Slow(Counting):
    """Takes its time to learn, in seconds; not in an upload's trial, whose features have an `a`."""

    seconds = 0.05

    def learn_one(self, x: Features, y: float) -> None:
        if "a" not in x:
            time.sleep(self.seconds)
        super().learn_one(x, y)


class Unpicklable(Counting):
    """Cannot be pickled any more once it has learned."""

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        self.generator = (number for number in range(3))


class Strange(Counting):
    """Predicts what is no number, where it is asked to."""

    def predict_one(self, x: Features) -> Any:
        return object() if x.get("strange") else 0.0


class SluggishFragile(Fragile):
    """Takes longer to learn than to unpickle."""

    def learn_one(self, x: Features, y: float) -> None:
        time.sleep(0.002)
        super().learn_one(x, y)


class LastLabel:
    """A classifier without probabilities: it says what came true last."""

    def __init__(self, label: Any = None) -> None:
        self.label = label

    def predict_one(self, x: Features) -> Any:
        return ("strange",) if "strange" in x else self.label

    def learn_one(self, x: Features, y: Any) -> None:
        self.label = y


class Tags(set[str]):
    """A set of a class of its own."""


class Tagging(Counting):
    """Keeps what it has learned from in a set, and predicts by the order in which that is walked."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = Tags()

    def predict_one(self, x: Features) -> float:
        weights = enumerate(self.tags, 1)
        return sum(place * len(tag) / 7 for place, tag in weights)

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        self.tags.update(f"{name * 3} {y}" + "x" * int(y) for name in x)


class Shrinking(Counting):
    """Keeps what it has learned in a set that others have left, and predicts by the order of its walk.

    No order of insertion gives it: the others have made its table larger.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[int] = set()

    def predict_one(self, x: Features) -> float:
        return float(sum(place * number for place, number in enumerate(self.kept)))

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        others = set(range(64, 96)) - {int(y)}
        self.kept |= others
        self.kept.add(int(y))
        self.kept -= others


class HalfCharacter:
    """A bandit policy that counts its pulls, and pulls an arm that no JSON can hold where one is odd."""

    def __init__(self) -> None:
        self.n_pulls = 0

    def pull(self, arms: list[str]) -> str:
        self.n_pulls += 1
        return "\ud800" if "odd" in arms else f"{self.n_pulls}"

    def update(self, arm: str, reward: float) -> None:
        pass


class Reticent(linear_model.LinearRegression):  # type: ignore[misc]
    """It breaks off where it is asked for more than a prediction."""

    def debug_one(self, x: Features) -> str:
        raise ValueError("no words")

    def predict_one(self, x: Features, with_interval: bool = False) -> float:
        if with_interval:
            raise ValueError("no interval")
        return float(super().predict_one(x))
