"""Models that go by time: a `t` comes with the features, is kept with them, and is told as they are learned.

The paradigm of such a model is its flavor's, with an optional member more. What is kept says itself whether
there is a moment: whoever reads the journal by the flavor alone finds the features as ever.
"""

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from models_app.domain import features
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features, Moment
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import trial_features
from models_app.paradigms.base import AT, MakeInputs, Members, Paradigm
from models_app.paradigms.clocks import LEARN, Clock, Told, clock_of

_REQUIRED = "required field: the model goes by time"


@dataclass(slots=True)
class Timed:
    """Features, and when they were observed."""

    x: Features
    t: Moment


def of(paradigm: Paradigm, model: object) -> Paradigm:
    """Return the paradigm of a model: its flavor's, with `t` where the model goes by time.

    >>> from river import cluster
    >>> from models_app.paradigms.clustering import CLUSTERING
    >>> of(CLUSTERING, cluster.KMeans()) is CLUSTERING, of(CLUSTERING, cluster.TextClust()).clock.is_needed
    (True, True)
    """
    if LEARN not in paradigm.methods or AT in paradigm.takes:
        return paradigm
    clock = clock_of(model)
    return paradigm if clock is None else _with(paradigm, clock)


def _with(paradigm: Paradigm, clock: Clock) -> Paradigm:
    found = copy.copy(paradigm)
    if not isinstance(paradigm, _TimedParadigm):
        found.__class__ = _class(type(paradigm))
        makes = paradigm.trial_inputs or trial_features.KINDS
        found.trial_inputs = tuple(partial(_input, make, bool(paradigm.takes)) for make in makes)
    found.clock = clock
    return found


def _input(make: MakeInputs, is_members: bool, number: int) -> Any:
    x, t = make(number), f"2026-01-01T00:00:{number % 60:02}"
    return {**x, AT: t} if is_members and isinstance(x, dict) else Timed(x, t)


class _TimedParadigm(Paradigm):
    @property
    def is_plain(self) -> bool:
        return False

    def served_by(self, predict_method: str) -> Paradigm:
        found = super().served_by(predict_method)
        return found if found is self or self.clock is None else _with(found, self.clock)

    def check_members(self, members: Members, *, learns: bool) -> None:
        others = {name: value for name, value in members.items() if name != AT}
        reasons: dict[str, list[str]] = {}
        try:
            super().check_members(others, learns=learns)
        except InvalidRequest as refusal:
            if isinstance(refusal.message, str):
                raise
            reasons |= {name: list(found) for name, found in refusal.message.items()}
        reason = self._moment_fault(members, learns=learns)
        if reason:
            reasons[AT] = [reason]
        if reasons:
            raise InvalidRequest(reasons)

    def _moment_fault(self, members: Members, *, learns: bool) -> str | None:
        if self.clock is None:
            return None
        if AT in members:
            return self.clock.fault(members[AT])
        is_missed = learns and self.clock.is_needed and not self.is_read_only
        return _REQUIRED if is_missed else None

    def read(self, text: features.Text) -> Any:
        if self.takes:
            return features.decode(text)
        x, t = features.decode_with_moment(text)
        return x if t is None else Timed(x, t)

    def feature_objects(self, x: Any) -> Sequence[tuple[str, object]]:
        return super().feature_objects(x.x if isinstance(x, Timed) else x)

    def predictor(self, model: Any) -> Callable[[Any], object]:
        told = Told(model, self.predict_method)
        predict = super().predictor(told)
        return lambda x: predict(self._told(told, x))

    def learner(self, model: Any) -> Callable[[Any, GroundTruth], object]:
        told = Told(model, self.predict_method)
        learn = super().learner(told)
        return lambda x, y_true: learn(self._told(told, x), y_true)

    def _told(self, told: Told, x: Any) -> Features:
        """Return the features alone; the model is told when they were observed."""
        if isinstance(x, Timed):
            x, t = x.x, x.t
        else:
            t = x.get(AT) if self.takes else None
        told.at = None if t is None or self.clock is None else self.clock.read(t)
        found: Features = x
        return found


@functools.cache
def _class(kind: type[Paradigm]) -> type[Paradigm]:
    return type(kind.__name__, (_TimedParadigm, kind), {})
