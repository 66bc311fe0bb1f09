"""Models that do not come back until they are let go."""

import threading
import time
from typing import Any

from tests.engine.models import Counting, Features

#: By name, the event that lets a model go on.
gates: dict[str, threading.Event] = {}
#: Names of the models that hang, or have hung.
caught: set[str] = set()


def hold(*names: str) -> None:
    """Have models of these names hang from now on."""
    caught.clear()
    gates.update({name: threading.Event() for name in names})


def let_go() -> None:
    """Let all go on, for good."""
    for gate in gates.values():
        gate.set()


class Hanging(Counting):
    """Hangs where it is asked to, as long as its name is held, once it has learned."""

    def __init__(self, name: str, where: str = "learn_one") -> None:
        super().__init__()
        self.name = name
        self.where = where

    def hang(self, where: str) -> None:
        if where == self.where:
            gate = gates.get(self.name)
            # In a trial of an upload nobody holds it.
            if gate is not None and not gate.is_set():
                caught.add(self.name)
                gate.wait(60)

    def predict_one(self, x: Features) -> float:
        self.hang("predict_one")
        return super().predict_one(x)

    def learn_one(self, x: Features, y: float) -> None:
        super().learn_one(x, y)
        self.hang("learn_one")

    def _repr_html_(self) -> str:
        self.hang("_repr_html_")
        return "<b>hanging</b>"

    def __getstate__(self) -> Any:
        if self.truths:
            self.hang("__getstate__")
        return self.__dict__

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        if self.where == "__setstate__":
            self.hang("__setstate__")


class Stamped(Hanging):
    """Looks at the clock when it learns: no replay leads to what it is."""

    def learn_one(self, x: Features, y: float) -> None:
        self.stamp = time.time_ns()
        super().learn_one(x, y)
