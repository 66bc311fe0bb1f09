"""The figures of a hot model."""

from dataclasses import dataclass

from models_app.domain.errors import ModelRaised
from models_app.domain.failing import pass_on_interrupt
from models_app.domain.scoring import Kind, Pairs
from models_app.domain.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """A hot model's figures. `size_bytes` is that of its newest pickle; `window` is the reader's own.

    Of a model in another process `is_known`: what its window says is `known_rolling`; None: it cannot be had.

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
    known_rolling: dict[str, float | None] | None = None
    is_known: bool = False

    def rolling(self) -> dict[str, float | None]:
        """Return the metrics over the last learns; raises `ModelRaised` where one cannot be had."""
        if self.is_known:
            if self.known_rolling is None:
                raise ModelRaised(ValueError("a metric over the last learns cannot be had"))
            return self.known_rolling
        try:
            return self.window.values(self.kinds, self.pairs)
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def rolling_or_none(self) -> dict[str, float | None] | None:
        """Return the metrics over the last learns; None where one cannot be had."""
        try:
            return self.rolling()
        except ModelRaised:
            return None

    def rolling_if_any(self) -> dict[str, float | None]:
        """Return the metrics over the last learns; none where one cannot be had: the others' are wanted."""
        return self.rolling_or_none() or {}
