"""What happened, told after it was committed; a listener that fails cannot undo it."""

import logging
from collections.abc import Callable, Sequence
from typing import ParamSpec, Protocol

from models_app.domain.scoring import Scores
from models_app.engine.ports import Event, Learned, ModelState, Predicted

__all__ = [
    "Event",
    "Learned",
    "ModelState",
    "Predicted",
    "Subscriber",
    "on_call",
    "on_erased",
    "on_refusal",
    "on_scores",
    "subscribe",
]

logger = logging.getLogger(__name__)

P = ParamSpec("P")


class Subscriber(Protocol):
    """Hears of predictions and learns. Called in engine threads; must not block."""

    def wants_events(self) -> bool:
        """Say whether to call `receive` at all: where nobody wants events, none is built."""

    def receive(self, events: Sequence[Event]) -> None:
        """Hear of what one commit made durable, in order."""


#: Called with a model, the seq of the first of its learns, and what they scored.
ScoreCallback = Callable[[ModelState, int, Sequence[Scores]], None]

_subscribers: list[Subscriber] = []
_erased_callbacks: list[Callable[[], None]] = []
_score_callbacks: list[ScoreCallback] = []
_call_callbacks: list[Callable[[str, int], None]] = []
_refusal_callbacks: list[Callable[[str, int], None]] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have a subscriber told of every prediction and learn from now on."""
    _subscribers.append(subscriber)


def on_erased(callback: Callable[[], None]) -> None:
    """Have `callback` called within the transaction that erases everything."""
    _erased_callbacks.append(callback)


def on_scores(callback: ScoreCallback) -> None:
    """Have `callback` called, in engine threads, with what learns scored; it must not block."""
    _score_callbacks.append(callback)


def on_call(callback: Callable[[str, int], None]) -> None:
    """Have `callback` called with the route (`predict`, `learn`) and the nanoseconds of each call."""
    _call_callbacks.append(callback)


def on_refusal(callback: Callable[[str, int], None]) -> None:
    """Have `callback` called with the route and the HTTP status of each call that is refused."""
    _refusal_callbacks.append(callback)


def wants_events() -> bool:
    """Say whether any subscriber wants events."""
    return any(_wants_events(subscriber) for subscriber in _subscribers)


def _wants_events(subscriber: Subscriber) -> bool:
    try:
        return subscriber.wants_events()
    except Exception:
        logger.exception("a subscriber does not say whether it wants events")
        return False


def publish(events: Sequence[Event]) -> None:
    """Tell the subscribers."""
    for subscriber in _subscribers:
        if _wants_events(subscriber):
            _tell(subscriber.receive, events)


def scored(model: ModelState, first_seq: int, scores: Sequence[Scores]) -> None:
    """Tell what learns scored that follow each other."""
    for callback in _score_callbacks:
        _tell(callback, model, first_seq, scores)


def erased() -> None:
    """Tell that everything is being erased; an error of a callback stops the erasing."""
    for callback in _erased_callbacks:
        callback()


def called(route: str, duration_ns: int) -> None:
    """Tell that a call of the API was answered, or refused."""
    for callback in _call_callbacks:
        _tell(callback, route, duration_ns)


def refused(route: str, status: int) -> None:
    """Tell that a call of the API was refused."""
    for callback in _refusal_callbacks:
        _tell(callback, route, status)


def _tell(callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        callback(*args, **kwargs)
    except Exception:
        # What it hears of is done, and the next listener is to hear of it, too.
        logger.exception("a listener failed")
