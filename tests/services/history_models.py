"""Models for histories; they are imported from here when they are unpickled."""

from typing import Any


class Refusing:
    """Remembers what it has learned, and raises halfway where the features ask for it."""

    def __init__(self) -> None:
        self.learned: list[Any] = []

    def predict_one(self, x: dict[str, Any]) -> float:
        if x.get("hide"):
            raise KeyError("as asked")
        return float(len(self.learned))

    def learn_one(self, x: dict[str, Any], y: float) -> None:
        self.learned.append(x["n"])
        if x.get("refuse"):
            raise ValueError("as asked")
