"""How much is measured: all of it, or two minutes of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of a run. A round lasts `seconds`, or `n_stream` records where they are streamed.

    `serial_quota` is how many pairs chantilly does in a round with the forest, some seven seconds each.
    """

    name: str
    rounds: dict[str, int]
    seconds: float
    n_stream: dict[str, int]
    serial_quota: dict[str, int]
    flat_rounds: int
    n_pending: int
    n_learns: int
    n_models: int
    n_restarts: int


FULL = Plan(
    name="full",
    rounds={"logistic": 5, "forest": 3},
    seconds=1.0,
    n_stream={"logistic": 40_000, "forest": 2_000},
    serial_quota={"forest": 4},
    flat_rounds=5,
    n_pending=1_000_000,
    n_learns=1_000_000,
    n_models=1_000,
    n_restarts=3,
)
SHORT = Plan(
    name="short",
    rounds={"logistic": 3, "forest": 2},
    seconds=0.4,
    n_stream={"logistic": 10_000, "forest": 500},
    serial_quota={"forest": 1},
    flat_rounds=3,
    n_pending=100_000,
    n_learns=100_000,
    n_models=200,
    n_restarts=1,
)
