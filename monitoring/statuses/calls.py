"""What the calls of the last minutes say of a model: how many were refused, and whether it can be loaded."""

import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from models_app.domain.errors import ModelNotLoadable
from models_app.services.inspecting import Timings

#: Refusals are counted over so long.
WINDOW_SECONDS = 300.0
# From one mark to the next.
_STEP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Recent:
    """Calls of the last minutes, and whether the model could be loaded when it was asked last."""

    n_calls: int = 0
    n_refused: int = 0
    is_loadable: bool = True


@dataclass(slots=True)
class _Marks:
    # Times, answers and refusals until then, the oldest first.
    counts: deque[tuple[float, int, int]] = field(default_factory=deque)
    # Failed loads, and what was answered when the last of them was seen.
    n_failed: int = 0
    n_answered: int = 0


class RecentCalls:
    """Tells the last minutes of what is counted since a server's start. Any thread may look.

    >>> calls, timings = RecentCalls(), Timings()
    >>> calls.look({"m": timings}, (), now=0.0)["m"].n_calls
    0
    >>> timings.refused["model_raised"] += 2
    >>> timings.answered(0.001, 1, 0)
    >>> calls.look({"m": timings}, (), now=1.0)["m"]
    Recent(n_calls=3, n_refused=2, is_loadable=True)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: dict[str, _Marks] = {}

    def look(self, timings: Mapping[str, Timings], hot: Collection[str], *, now: float) -> dict[str, Recent]:
        """Return what is known of each model that was called; `now` is of a clock that only goes forward."""
        with self._lock:
            for gone in self._marks.keys() - timings.keys():
                del self._marks[gone]
            return {name: self._of(name, found, name in hot, now) for name, found in timings.items()}

    def _of(self, name: str, timings: Timings, is_hot: bool, now: float) -> Recent:
        n_answered, n_refused = timings.predict.n + timings.learn.n, timings.refused.total()
        n_failed = timings.refused[ModelNotLoadable.code]
        marks = self._marks.setdefault(name, _Marks())
        newest = marks.counts[-1] if marks.counts else None
        if newest is not None and (newest[1] > n_answered or newest[2] > n_refused):
            # Another upload under the name.
            marks = self._marks[name] = _Marks()
        if not marks.counts:
            # How old those are that were before the first look is not known.
            marks.counts.append((now, n_answered, n_refused))
        elif now - marks.counts[-1][0] >= _STEP_SECONDS:
            marks.counts.append((now, n_answered, n_refused))
        while len(marks.counts) > 1 and now - marks.counts[1][0] >= WINDOW_SECONDS:
            marks.counts.popleft()
        if n_failed > marks.n_failed:
            marks.n_failed, marks.n_answered = n_failed, n_answered
        _, answered_before, refused_before = marks.counts[0]
        n_newly_refused = n_refused - refused_before
        return Recent(
            n_calls=n_answered - answered_before + n_newly_refused,
            n_refused=n_newly_refused,
            is_loadable=is_hot or not n_failed or n_answered > marks.n_answered,
        )


#: Those of this process's looks.
recent_calls = RecentCalls()
