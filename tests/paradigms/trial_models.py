"""Models that a trial has something to find out about."""

import time
from typing import Any

from river import base

Features = dict[str, Any]


class Own:
    """Counts its learns."""

    def __init__(self) -> None:
        self.n = 0

    def __repr__(self) -> str:
        return type(self).__name__

    def learn_one(self, x: Features, y: Any) -> None:
        self.n += 1

    def predict_one(self, x: Features) -> Any:
        return float(self.n)


class Labels(Own):
    """Says the label that came last."""

    label: Any = None

    def learn_one(self, x: Features, y: Any) -> None:
        self.label = y

    def predict_one(self, x: Features) -> Any:
        return self.label


class Proud(Labels):
    """Has probabilities that it does not have."""

    def predict_proba_one(self, x: Features) -> dict[Any, float]:
        raise NotImplementedError


class OfAFile(Own):
    """Needs a file that is not there, once it was pickled: to unpickle, or to predict."""

    def __init__(self, when: str) -> None:
        super().__init__()
        self.when = when
        self.is_opened = True

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "is_opened": not self.n}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.when == "unpickled":
            self._look()

    def predict_one(self, x: Features) -> float:
        self._look()
        return float(self.n)

    def _look(self) -> None:
        if not self.is_opened:
            raise FileNotFoundError("model.dat")


class NotThere(Own):
    """Has a method that is not implemented."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def _check(self, name: str) -> None:
        if self.name == name:
            raise NotImplementedError

    def learn_one(self, x: Features, y: Any) -> None:
        self._check("learn_one")

    def predict_one(self, x: Features) -> float:
        self._check("predict_one")
        # Whoever has no probabilities has no label either.
        self._check("predict_proba_one")
        return 0.0

    def predict_proba_one(self, x: Features) -> dict[bool, float]:
        self._check("predict_proba_one")
        return {True: 1.0}


class Several(Own):
    """Predicts several targets."""

    def predict_one(self, x: Features) -> Any:
        return {"price": 1.0, "size": 2.0}


class Forgetful(Own):
    """Comes out of its pickle without what it has learned, and cannot do without."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}

    def learn_one(self, x: Features, y: float) -> None:
        self.known["y"] = y

    def predict_one(self, x: Features) -> float:
        return self.known["y"] if self.known or "known" not in vars(self) else 0.0

    def __getstate__(self) -> dict[str, Any]:
        return {"was": dict(self.known)} if self.known else {"known": {}}


class Another(Own):
    """Its pickle does not load once it has learned."""

    def __reduce__(self) -> Any:
        return (int, ("no number",)) if self.n else (Another, ())


class Particular(Own):
    """Knows its own features only."""

    def predict_one(self, x: Features) -> float:
        return float(x["price_of_the_house"])


class _Panic(BaseException):
    pass


class Panicking(Own):
    """Raises what is no exception, as statistics in Rust do."""

    def learn_one(self, x: Features, y: Any) -> None:
        raise _Panic("index out of range")


class Bursting(Own):
    """Wants more memory than there is."""

    def learn_one(self, x: Features, y: Any) -> None:
        self.room = bytearray(2**62)


class NoPickle(Own):
    """Cannot be pickled once it has learned."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def __getstate__(self) -> Any:
        if self.n:
            raise {"ValueError": ValueError, "SystemExit": SystemExit}.get(self.kind, KeyboardInterrupt)
        return vars(self)


class Hesitant(Own):
    """Takes its time to learn, in seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def learn_one(self, x: Features, y: Any) -> None:
        time.sleep(self.seconds)


class Sleepy(base.Classifier):  # type: ignore[misc]  # River has no types
    """One of River's that takes its time to learn, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def learn_one(self, x: Features, y: Any) -> None:
        time.sleep(self.seconds)

    def predict_proba_one(self, x: Features) -> dict[Any, float]:
        return {}


class Guarded(Own):
    """Raises when it is looked at."""

    @property
    def predict_one(self) -> Any:
        raise ZeroDivisionError
