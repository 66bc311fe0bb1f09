"""Models of their own code, that a process without Django can import: uploads are tried in one."""

import time
from typing import Any

from river import bandit

#: Ends the attribute that holds a drawing, if it is not escaped.
BREAKS = '"></iframe><script>alert(1)</script>'


class Choosy(bandit.EpsilonGreedy):  # type: ignore[misc]  # River has no types
    """A bandit policy that learns no punishment of the arm `b`."""

    def update(self, arm_id: object, *reward_args: float, **reward_kwargs: float) -> None:
        if arm_id == "b" and reward_args[0] < 0:
            raise ValueError("b is not to be punished")
        super().update(arm_id, *reward_args, **reward_kwargs)


class Indiscreet(bandit.EpsilonGreedy):  # type: ignore[misc]  # River has no types
    """A bandit policy that says, of a person of whom it knows nothing, who that is."""

    def pull(self, arm_ids: list[Any], context: dict[str, Any] | None = None) -> Any:
        if context and context.get("who") == "Ann":
            raise ValueError(f"knows nothing of {context['who']}")
        return arm_ids[0]


class Stubborn:
    """A model that never learns: it predicts False."""

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_proba_one(self, x: object) -> dict[bool, float]:
        return {False: 0.9, True: 0.1}


class Silent(Stubborn):
    """A model that has no answer every third time."""

    def predict_proba_one(self, x: object) -> dict[bool, float]:
        assert isinstance(x, dict)
        return {} if x["x"] % 3 == 0 else {False: 0.9, True: 0.1}


class Astray:
    """A regression that predicts 1, then nothing, then a number of which a float knows nothing."""

    def learn_one(self, x: dict[str, float], y: float) -> None:
        pass

    def predict_one(self, x: dict[str, float]) -> float | None:
        return {1.0: 1.0, 2.0: None}.get(x["x"], float("inf"))


class Boastful:
    """A classification whose probabilities are none."""

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_proba_one(self, x: object) -> dict[bool, float]:
        return {True: 3.0, False: -2.0}


class Plain:
    """A model without River's base class."""

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_proba_one(self, x: object) -> dict[bool, float]:
        return {True: 1.0}

    def __repr__(self) -> str:
        return "<Plain>"


class Shy(Plain):
    """A model that does not let itself be drawn."""

    def _repr_html_(self) -> str:
        raise ValueError("not today")


class Padded:
    """A model that takes some memory."""

    n_bytes = 100_000

    def __init__(self) -> None:
        self.padding = b"." * self.n_bytes

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_proba_one(self, x: object) -> dict[bool, float]:
        return {True: 1.0}


class Slow:
    """Takes its time to learn; not in an upload's trial, whose features have an `a`."""

    def predict_proba_one(self, x: dict[str, Any]) -> dict[bool, float]:
        return {True: 0.5, False: 0.5}

    def learn_one(self, x: dict[str, Any], y: object) -> None:
        if "a" not in x:
            time.sleep(0.03)


class Odd:
    """Predicts labels that no JSON can hold."""

    def predict_proba_one(self, x: dict[str, Any]) -> dict[str, float]:
        return {"\ud800": 1.0}

    def learn_one(self, x: dict[str, Any], y: object) -> None:
        pass


class Frozen:
    """A model that only predicts: what it works with is made when it is first asked, and is not pickled."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.session: Any = None

    def predict_one(self, x: dict[str, Any]) -> float:
        if self.session is None:
            self.session = lambda value: self.factor * value
        return float(self.session(x.get("x", 0.0)))

    def __getstate__(self) -> dict[str, Any]:
        return {"factor": self.factor, "session": None}


class Undrawn(Frozen):
    """A model that cannot draw itself."""

    def _repr_html_(self) -> str:
        raise ValueError("not today")


class Breaking(Frozen):
    """A model that draws what it should not."""

    def _repr_html_(self) -> str:
        return BREAKS


class Telltale:
    """A regression whose exceptions say what it was asked with: by `fail`, or once it is pickled."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def learn_one(self, x: dict[str, object], y: float) -> None:
        self._check(x)
        self.seen = [x] if "shy" in x else []

    def predict_one(self, x: dict[str, object]) -> float:
        self._check(x)
        return 1.0

    def _check(self, x: dict[str, object]) -> None:
        if "fail" in x:
            raise ValueError(f"cannot take {x!r}")

    def __getstate__(self) -> dict[str, Any]:
        if self.seen:
            raise RuntimeError(f"cannot be pickled after {self.seen!r}")
        return vars(self)
