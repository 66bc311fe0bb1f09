"""Alerts that are to be delivered: written down with the alert, and kept until they have arrived."""

import json
import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from models_app.models.transactions import translated_errors, write_transaction
from monitoring.models import AlertDelivery

#: Between two attempts; each pause is four times the one before it, give or take a half.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=6)
_GROWTH = 4
_JITTER = 0.5
# After so many failures pauses are the longest.
_MOST_FAILURES = 10
#: No attempt is made any later after the alert.
GIVES_UP_AFTER = timedelta(days=3)
# Longer than an attempt takes. Who ended in the middle of one has the next made after that time.
_CLAIMED_FOR = timedelta(minutes=1)
_MAX_REASON = 500


def new_message_id() -> str:
    """Draw the id of a message."""
    return f"msg_{uuid.uuid4().hex}"


def message_body(kind: str, *, time: datetime, data: object) -> str:
    """Return a message's JSON: what it is, when that happened, and all about it."""
    return json.dumps({"type": kind, "timestamp": time.isoformat(), "data": data})


def put(bodies: Sequence[str], *, now: datetime) -> None:
    """Have messages delivered, if and when the transaction that this is called in commits."""
    AlertDelivery.objects.bulk_create(
        AlertDelivery(message_id=new_message_id(), body=body, created_at=now, next_attempt_at=now)
        for body in bodies
    )


def claim_next(*, now: datetime) -> AlertDelivery | None:
    """Take the message that has been due for longest; None: none is. Raises `StorageUnavailable`."""
    is_due = Q(next_attempt_at__lte=now) | _is_of_another_clock(now)
    due = AlertDelivery.objects.filter(is_due).order_by("next_attempt_at", "pk")
    while True:
        with translated_errors():
            delivery = due.first()
        if delivery is None:
            return None
        with write_transaction():
            seen = AlertDelivery.objects.filter(pk=delivery.pk, next_attempt_at=delivery.next_attempt_at)
            # Another process may have been quicker.
            if seen.update(next_attempt_at=now + _CLAIMED_FOR):
                return delivery


def note_delivered(delivery: AlertDelivery, *, now: datetime) -> None:
    """Write down that a message has arrived; raises `StorageUnavailable`."""
    _update(
        delivery,
        n_attempts=delivery.n_attempts + 1,
        next_attempt_at=None,
        delivered_at=now,
        last_error="",
    )


def note_failed(delivery: AlertDelivery, *, reason: str, now: datetime) -> datetime | None:
    """Write down that an attempt has failed; return when the next is due, None where there will be none.

    Raises `StorageUnavailable`.
    """
    n_attempts = delivery.n_attempts + 1
    again_at: datetime | None = now + pause(n_attempts)
    if again_at is not None and again_at > delivery.created_at + GIVES_UP_AFTER:
        again_at = None
    _update(delivery, n_attempts=n_attempts, next_attempt_at=again_at, last_error=reason[:_MAX_REASON])
    return again_at


def put_back(delivery: AlertDelivery, *, now: datetime) -> None:
    """Have a message that was taken be due again; raises `StorageUnavailable`."""
    _update(delivery, next_attempt_at=now)


def pause(n_failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row; no two messages wait equally long.

    >>> timedelta(seconds=40) <= pause(3) <= timedelta(seconds=120)
    True
    """
    jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # nothing to guess
    return _mean_pause(n_failures) * jitter


def _mean_pause(n_failures: int) -> timedelta:
    # The exponent is bounded: nobody needs numbers that large.
    grown: timedelta = FIRST_PAUSE * _GROWTH ** min(n_failures - 1, _MOST_FAILURES)
    return min(grown, LONGEST_PAUSE)


def _is_of_another_clock(now: datetime) -> Q:
    """Find what waits longer than anything does: the clock was ahead when that was written."""
    found = Q()
    for n_failures in range(_MOST_FAILURES + 1):
        longest = max(_CLAIMED_FOR, (1 + _JITTER) * _mean_pause(n_failures)) if n_failures else _CLAIMED_FOR
        is_one = Q(n_attempts=n_failures) if n_failures < _MOST_FAILURES else Q(n_attempts__gte=n_failures)
        found |= is_one & Q(next_attempt_at__gt=now + longest)
    return found


def counts() -> dict[str, int]:
    """Return how many messages are `waiting`, `delivered` and `given_up`, and how many attempts `failed`.

    Raises `StorageUnavailable`.
    """
    with translated_errors():
        found = AlertDelivery.objects.aggregate(
            waiting=Count("pk", filter=Q(next_attempt_at__isnull=False)),
            delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
            all=Count("pk"),
            attempts=Sum("n_attempts", default=0),
        )
    return {
        "waiting": found["waiting"],
        "delivered": found["delivered"],
        "given_up": found["all"] - found["waiting"] - found["delivered"],
        "failed": found["attempts"] - found["delivered"],
    }


def erase() -> None:
    """Delete everything; to be called within a transaction."""
    AlertDelivery.objects.all().delete()


def _update(delivery: AlertDelivery, **values: object) -> None:
    with write_transaction():
        # None where everything was erased meanwhile.
        AlertDelivery.objects.filter(pk=delivery.pk).update(**values)
