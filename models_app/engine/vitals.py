"""The figures of a hot model."""

from dataclasses import dataclass

from models_app.domain.errors import ModelRaised
from models_app.domain.failing import pass_on_interrupt
from models_app.domain.scoring import Kind, Pairs
from models_app.domain.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """A hot model's figures. `size_bytes` is that of its newest pickle; `window` is the reader's own.

    `held` is what it keeps in memory, for an estimate of its size and nothing else: it goes on learning.
    """

    seq: int
    metrics: dict[str, float | None]
    window: Window
    kinds: tuple[Kind, ...]
    size_bytes: int
    snapshot_seq: int
    is_replayable: bool
    held: tuple[object, ...]
    pairs: Pairs | None = None

    def rolling(self) -> dict[str, float | None]:
        """Return the metrics over the last learns; raises `ModelRaised` where one cannot be had."""
        try:
            return self.window.values(self.kinds, self.pairs)
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def rolling_if_any(self) -> dict[str, float | None]:
        """Return the metrics over the last learns; none where one cannot be had: the others' are wanted."""
        try:
            return self.rolling()
        except ModelRaised:
            return {}
