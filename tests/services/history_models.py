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


class Moody:
    """A model that, in some moods, cannot be reduced to what a pickle keeps."""

    mood: BaseException | None = None

    def __init__(self) -> None:
        self.n = 0

    def learn_one(self, x: Any, y: Any) -> None:
        self.n += 1

    def predict_proba_one(self, x: Any) -> dict[bool, float]:
        return {True: 0.5, False: 0.5}

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.mood is not None:
            raise self.mood
        return super().__reduce_ex__(protocol)
