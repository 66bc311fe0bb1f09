"""Writing down who is to blame for the end of a shard."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from models_app.domain import actors, blame
from models_app.domain.actors import Actor
from models_app.models import ServedModel, Suspicion
from models_app.models.transactions import write_transaction
from models_app.services import auditing

logger = logging.getLogger(__name__)

# What has happened longer ago does not count: a machine has its bad days.
_FORGET = timedelta(days=1)
_MAX_TEXT = 200
_ACTOR = Actor("server", "shard")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEnd:
    """An end of a shard by its own doing: how, when, and which models had a turn then."""

    names: Sequence[str]
    how: str
    ended_at: datetime


def note_ends(ends: Iterable[ShardEnd]) -> None:
    """Write down who is to blame for some ends, oldest first; raises `StorageUnavailable`."""
    for end in ends:
        with write_transaction():
            _note(end)


def suspects() -> frozenset[str]:
    """Return the names of the models that have some blame, and are served still."""
    rows = _standing().filter(quarantined_at=None)
    return frozenset(rows.values_list("model__name", flat=True))


def _note(end: ShardEnd) -> None:
    Suspicion.objects.filter(quarantined_at=None, ended_at__lt=end.ended_at - _FORGET).delete()
    Suspicion.objects.exclude(generation=F("model__generation")).delete()
    shares = blame.shares(end.names, suspects())
    models = {model.name: model for model in ServedModel.objects.filter(name__in=list(shares))}
    for name, share in shares.items():
        if name in models:
            _add(models[name], share, end)
    if len(shares) == 1:
        # The others were only there.
        Suspicion.objects.filter(quarantined_at=None, blame__lt=1).exclude(
            model__name__in=list(shares)
        ).delete()


def _add(model: ServedModel, share: float, end: ShardEnd) -> None:
    row = Suspicion.objects.filter(model=model).first() or Suspicion(model=model, blame=0.0, n_ends=0)
    row.generation = model.generation
    row.blame += share
    row.n_ends += 1
    row.how = end.how[:_MAX_TEXT]
    row.ended_at = end.ended_at
    if row.quarantined_at is None and blame.is_enough(row.blame):
        row.quarantined_at = end.ended_at
        logger.error(
            "'%s' was at work at %d ends of its shard, the last of which %s: it is not loaded any more until "
            "it is released or uploaded anew",
            model.name, row.n_ends, row.how,
        )  # fmt: skip
        with actors.acting(lambda: _ACTOR):
            auditing.record(action="quarantine", model=model.name, n_ends=row.n_ends, how=row.how)
    row.save()


def _standing() -> "QuerySet[Suspicion]":
    return Suspicion.objects.filter(generation=F("model__generation"))
