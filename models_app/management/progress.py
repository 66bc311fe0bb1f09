"""Progress in a file of records: counts, and a bar."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from tqdm import tqdm  # type: ignore[import-untyped]  # it has no types of its own

from models_app.services.feeding import Answered
from models_app.services.files import Source

_REFRESH_SECONDS = 0.1


@dataclass(slots=True)
class Tally:
    """Progress in a file. `n_late` records of `n_done` stand after the line that `failed`."""

    n_done: int = 0
    n_skipped: int = 0
    n_late: int = 0
    last_line: int = 0
    failed: Answered | None = None
    started_at: float = field(default_factory=time.monotonic)

    def add(self, answered: Answered) -> None:
        """Count what came of one line."""
        if answered.error is None:
            self.n_done += 1
            self.n_late += self.failed is not None
            self.last_line = answered.line
        elif answered.is_skipped:
            self.n_skipped += 1
        elif self.failed is None:
            self.failed = answered

    @property
    def seconds(self) -> float:
        """Return how long it has taken."""
        return time.monotonic() - self.started_at

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.n_done / max(self.seconds, 1e-9)

    def summary(self, verb: str) -> str:
        """Return all of it in a line."""
        text = f"{verb} {counted(self.n_done)} in {self.seconds:,.1f} s ({self.per_second:,.0f} a second)"
        if self.n_skipped:
            text += f", skipped {self.n_skipped:,}"
        if self.n_late and self.failed is not None:
            text += f"; {self.n_late:,} of them after line {self.failed.line}, up to line {self.last_line}"
        return f"{text}."


def counted(n: int) -> str:
    """Return a number of records in words."""
    return f"{n:,} record{'s' * (n != 1)}"


class Bar:
    """A progress bar on stderr, where that is a terminal: how much was read, how many records, the rate."""

    def __init__(self, source: Source) -> None:
        self._source = source
        has_size = source.size is not None
        self._bar = tqdm(
            total=source.size,
            # None: shown where stderr is a terminal.
            disable=None,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
            if has_size
            else "{elapsed}{postfix}",
        )
        self._ticked_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def tick(self, tally: Tally, status: Callable[[], str]) -> None:
        """Bring the bar up to date, if it is time."""
        now = time.monotonic()
        if now - self._ticked_at < _REFRESH_SECONDS:
            return
        self._ticked_at = now
        parts = (counted(tally.n_done), f"{tally.per_second:,.0f}/s", status())
        self._bar.set_postfix_str(", ".join(filter(None, parts)), refresh=False)
        self._bar.update((self._source.position or 0) - self._bar.n)


def print_line(text: str) -> None:
    """Print a line on stderr, above a bar if there is one."""
    tqdm.write(text, file=sys.stderr)
