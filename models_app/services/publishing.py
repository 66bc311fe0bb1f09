"""Notifying listeners of what happened, after it was committed; one that fails cannot undo it."""

import logging
from collections.abc import Callable, Sequence
from typing import ParamSpec

from models_app.domain.scoring import Scores
from models_app.engine.ports import Event, Learned, ModelState, Predicted
from models_app.services import hooks
from models_app.services.hooks import Subscriber

__all__ = ["Event", "Learned", "ModelState", "Predicted"]

logger = logging.getLogger(__name__)

P = ParamSpec("P")


def wants_events() -> bool:
    """Say whether any subscriber wants events, wherever they were made."""
    # Asked at every commit: as a generator it takes twice as long.
    for subscriber in hooks.events.listeners:  # noqa: SIM110
        if _wants_events(subscriber):
            return True
    return False


def wants_own_events() -> bool:
    """Say whether anybody wants events of this process's own engine, here or at another server."""
    # All relays are asked: one that knows of nobody takes note that something passed.
    n_relays = sum(map(_wants_events, hooks.relays.listeners))
    return n_relays > 0 or wants_events()


def _wants_events(subscriber: Subscriber) -> bool:
    try:
        return subscriber.wants_events()
    except Exception:
        logger.exception("a subscriber does not say whether it wants events")
        return False


def publish(events: Sequence[Event]) -> None:
    """Notify the subscribers, wherever the events were made."""
    for subscriber in hooks.events:
        if _wants_events(subscriber):
            _notify(subscriber.receive, events)


def publish_own(events: Sequence[Event]) -> None:
    """Notify the subscribers, and those who carry events of this process's own engine elsewhere."""
    publish(events)
    for relay in hooks.relays:
        if _wants_events(relay):
            _notify(relay.receive, events)


def missed() -> None:
    """Report that there were events of other processes of which nothing is known."""
    for callback in hooks.gaps:
        _notify(callback)


def scored(model: ModelState, first_seq: int, scores: Sequence[Scores]) -> None:
    """Report the scores of learns that follow each other."""
    for callback in hooks.scores.listeners:
        _notify(callback, model, first_seq, scores)


def erased() -> None:
    """Report that everything is being erased; an error of a callback stops the erasing."""
    for callback in hooks.erasures:
        callback()


def called(route: str, duration_ns: int) -> None:
    """Report that a call of the API was answered, or refused."""
    for callback in hooks.calls.listeners:
        _notify(callback, route, duration_ns)


def refused(route: str, status: int) -> None:
    """Report that a call of the API was refused."""
    for callback in hooks.refusals:
        _notify(callback, route, status)


def _notify(callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        callback(*args, **kwargs)
    except Exception:
        # What it hears of is done, and the next listener is to hear of it, too.
        logger.exception("a listener failed")
