"""Models that go by time: which do, what they take as `t`, and how they are told."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from river import base, cluster, compose, utils

from models_app.paradigms import moments
from models_app.paradigms.base import AT, is_a, last_step
from models_app.paradigms.numbers import overflowing

#: How a model learns.
LearnOne = Callable[..., object]
LEARN = "learn_one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a model takes as `t`: a moment, or `of_numbers` a number of its own unit of time, such as seconds.

    `is_needed`: it cannot learn without.
    """

    is_needed: bool = False
    of_numbers: bool = False

    def fault(self, value: object) -> str | None:
        """Return why a value is none that the model takes, or None.

        >>> Clock().fault("2026-03-01"), Clock(of_numbers=True).fault(2.5)
        (None, None)
        >>> Clock().fault(2.5)
        'must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z'
        """
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and self.of_numbers:
            return overflowing(value)  # type: ignore[arg-type]
        reason = moments.fault(value)
        return f"{reason}, or a number" if reason and self.of_numbers else reason

    def read(self, value: Any) -> datetime | float:
        """Return what the model is told; of a moment, for who takes numbers, the seconds since the epoch.

        >>> Clock(of_numbers=True).read("1970-01-01T00:01:00Z")
        60.0
        """
        if not isinstance(value, str):
            return float(value)
        at = moments.moment(value)
        return at.replace(tzinfo=UTC).timestamp() if self.of_numbers else at


def clock_of(model: object) -> Clock | None:
    """Return what a model takes as `t`; None: it does not go by time.

    >>> from river import linear_model
    >>> clock_of(linear_model.LinearRegression()), clock_of(cluster.TextClust())
    (None, Clock(is_needed=True, of_numbers=True))
    """
    steps = list(_steps_by_time(model))
    if not steps:
        return None
    return Clock(
        is_needed=any(map(_needs_moment, steps)),
        of_numbers=any(is_a(step, cluster.TextClust) for step in steps),
    )


def _steps_by_time(step: Any) -> Iterator[Any]:
    """Yield what River hands `t` on to: a pipeline to its steps, and to those of a union that are none."""
    if is_a(step, compose.Pipeline):
        for each in step.steps.values():
            yield from _steps_by_time(each)
    elif is_a(step, compose.TransformerUnion):
        for each in step.transformers.values():
            if not is_a(each, compose.TransformerUnion):
                yield from _steps_by_time(each)
    elif AT in (parameters := _parameters(step, LEARN)):
        yield step
    elif any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        # It hands on what it does not know.
        yield from _steps_by_time(getattr(step, "_wrapped_model", None))


def _needs_moment(step: Any) -> bool:
    if is_a(step, cluster.TextClust):
        return bool(step.real_time_fading)
    if is_a(getattr(step, "how", None), utils.TimeRolling):
        return True
    parameter = _parameters(step, LEARN)[AT]
    return parameter.default is parameter.empty


def _parameters(step: object, method: str) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(getattr(step, method)).parameters
    except (AttributeError, TypeError, ValueError):
        # Compiled, or odd: it says nothing.
        return {}


class Told:
    """Stands for a model, and tells it `at`, where that is known, as `t` of what goes by it.

    That is `learn_one`, and the method that predicts where the model's last step takes a `t` for it.
    """

    def __init__(self, model: Any, predict_method: str) -> None:
        self.at: datetime | float | None = None
        self._model = model
        learn_one = getattr(model, LEARN, None)
        if learn_one is not None:
            # One that is served read-only may have none.
            setattr(self, LEARN, self._telling(learn_one, _learner_by_time(model)))
        if AT in _parameters(last_step(model), predict_method):
            predict = getattr(model, predict_method)
            setattr(self, predict_method, self._telling(predict, predict))

    def _telling(self, call: LearnOne, call_at: LearnOne) -> LearnOne:
        def told(*arguments: object, **named: object) -> object:
            if self.at is None:
                return call(*arguments, **named)
            return call_at(*arguments, **named, **{AT: self.at})

        return told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class _LastStep:
    """Stands for a pipeline's last step that learns without a ground truth: River does not tell it when."""

    _supervised = False

    def __init__(self, step: Any) -> None:
        self.at: object = None
        self._learn_one = step.learn_one

    def learn_one(self, x: Any) -> None:
        """Let the step learn that it stands for."""
        self._learn_one(x, **{AT: self.at})


def _learner_by_time(model: Any) -> LearnOne:
    """Return what lets a model learn that is told when."""
    if is_a(model, compose.TransformerUnion):
        # By itself it does not hand `t` on.
        model = compose.Pipeline(model)
    step = last_step(model)
    if step is not model and _is_left_out(step) and AT in _parameters(step, LEARN):
        return _learner_of_last(model, step)
    learn_one: LearnOne = model.learn_one
    return learn_one


def _is_left_out(step: Any) -> bool:
    is_told = is_a(step, base.Transformer) or is_a(step, base.AnomalyFilter)
    return not is_told and not getattr(step, "_supervised", True)


def _learner_of_last(model: Any, step: Any) -> LearnOne:
    stand_in = _LastStep(step)
    *before, _ = model.steps.items()
    pipeline = compose.Pipeline(*before, stand_in)

    def learn_one(x: Any, t: object) -> None:
        stand_in.at = t
        pipeline.learn_one(x, t=t)

    return learn_one
