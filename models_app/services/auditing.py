"""The audit trail: what manages something is written down, with who did it and from where."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from models_app.domain.actors import current_actor
from models_app.domain.blobs import sha256
from models_app.domain.errors import StorageUnavailable
from models_app.domain.texts import sendable
from models_app.models import AuditEntry
from models_app.models.transactions import translated_errors, write_transaction

logger = logging.getLogger(__name__)

#: Entries in an answer, at most.
MAX_LIMIT = 1_000
_MAX_TEXT = 200
_PRUNED_AT_A_TIME = 2_000
_PRUNE_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries, the newest first, and `next_place`: what the next page is after; None: there is none."""

    entries: list[AuditEntry]
    next_place: int | None


class Tally:
    """An entry of what is done in pieces, each in a transaction of its own: it counts what they did.

    It is written down before the first piece, so that nothing is done without it, and raises
    `StorageUnavailable` where it cannot be. `n` among its details is what was durable when it was read.
    """

    def __init__(self, *, action: str, **details: object) -> None:
        self._details: dict[str, Any] = {**details, "n": 0}
        with write_transaction():
            self._pk = record(action=action, **self._details).pk

    def count(self, n: int) -> None:
        """Count what a piece has done, within its transaction."""
        if n:
            self._details["n"] = self.n + n
            AuditEntry.objects.filter(pk=self._pk).update(details=self._details)

    @property
    def n(self) -> int:
        """What was counted."""
        return int(self._details["n"])


def record(
    *,
    action: str,
    model: str = "",
    data: bytes | None = None,
    using: str = DEFAULT_DB_ALIAS,
    **details: object,
) -> AuditEntry:
    """Write down what is being done, by whoever acts in this context.

    Within the transaction that does it, so that there is none without the other. Of `data`, what came or
    went, the digest is kept. Details are JSON; no secret and no feature's value may be among them. Returns
    the entry.
    """
    actor = current_actor()
    return AuditEntry.objects.using(using).create(
        acted_at=timezone.now(),
        actor=sendable(actor.name, _MAX_TEXT),
        origin=sendable(actor.origin, _MAX_TEXT),
        action=action,
        model=model,
        digest="" if data is None else sha256(data),
        details=details,
    )


def record_afterwards(*, action: str, model: str = "", data: bytes | None = None, **details: object) -> None:
    """Write down what was done already, and is in no transaction of ours: a model that was read.

    Where the database takes nothing, that is a line of the log: a full disk is no reason to keep the models
    from whoever wants to save them.
    """
    try:
        with write_transaction():
            record(action=action, model=model, data=data, using=DEFAULT_DB_ALIAS, **details)
    except StorageUnavailable as error:
        actor = current_actor()
        logger.error("not in the audit trail: %s of '%s' by %s: %s", action, model, actor.name, error)


def entries(  # noqa: PLR0913  # as many as there are filters
    *,
    limit: int,
    model: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
) -> Page:
    """Return entries, the newest first: those with an id lower than `before`, if it is given.

    Raises `StorageUnavailable`.
    """
    chosen = AuditEntry.objects.order_by("-pk")
    if model is not None:
        chosen = chosen.filter(model=model)
    if action is not None:
        chosen = chosen.filter(action=action)
    if since is not None:
        chosen = chosen.filter(acted_at__gte=since)
    if until is not None:
        chosen = chosen.filter(acted_at__lt=until)
    if before is not None:
        chosen = chosen.filter(pk__lt=before)
    with translated_errors():
        found = list(chosen[: limit + 1])
    return Page(entries=found[:limit], next_place=found[limit - 1].pk if len(found) > limit else None)


class Pruner:
    """Deletes what is older than the setting says; the housekeeping of a server calls it."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def tick(self) -> None:
        """Delete a piece of what is too old, once an hour; raises `StorageUnavailable`."""
        now = timezone.now()
        if now.timestamp() < self._next_at:
            return
        if prune_audit(before=now - timedelta(days=settings.AUDIT_DAYS)) < _PRUNED_AT_A_TIME:
            self._next_at = now.timestamp() + _PRUNE_SECONDS


def prune_audit(*, before: datetime) -> int:
    """Delete the oldest entries of before a time, some thousand at the most; return how many.

    Raises `StorageUnavailable`.
    """
    with translated_errors():
        if not AuditEntry.objects.filter(acted_at__lt=before).exists():
            return 0
    oldest = AuditEntry.objects.filter(acted_at__lt=before).order_by("acted_at").values("pk")
    with write_transaction():
        n_deleted, _ = AuditEntry.objects.filter(pk__in=oldest[:_PRUNED_AT_A_TIME]).delete()
    return n_deleted


pruner = Pruner()
