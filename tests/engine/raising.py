"""Models that raise whatever there is, wherever they are called."""

import asyncio
from typing import Any

from tests.engine.models import Counting, Features


class Unspeakable(Exception):
    """Cannot even say what it is."""

    def __repr__(self) -> str:
        raise SystemExit("no repr")


class Panic(BaseException):
    """Like what statistics in Rust raise."""


KINDS: dict[str, type[BaseException]] = {
    kind.__name__: kind
    for kind in (
        ValueError, StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError,
        MemoryError, RecursionError, Panic, Unspeakable,
    )
}  # fmt: skip


class Raising(Counting):
    """Raises what `kind` names where `where` says, once it has learned."""

    def __init__(self, kind: str, where: str) -> None:
        super().__init__()
        self.kind = kind
        self.where = where

    def fail(self, where: str) -> None:
        if where == self.where and self.truths:
            raise KINDS[self.kind]("the model")

    def predict_one(self, x: Features) -> float:
        self.fail("predict_one")
        return super().predict_one(x)

    def learn_one(self, x: Features, y: float) -> None:
        self.fail("learn_one")
        super().learn_one(x, y)

    def __getstate__(self) -> Any:
        self.fail("__getstate__")
        return self.__dict__

    def _repr_html_(self) -> str:
        self.fail("_repr_html_")
        return "<b>counting</b>"

    def __sizeof__(self) -> int:
        self.fail("__sizeof__")
        return 100
