"""Quotas of who uploads, as far as the database knows what they have."""

from collections.abc import Sequence

from django.db.models import Count, OuterRef, Subquery, Sum

from models_app.domain.actors import current_actor
from models_app.domain.texts import sendable
from models_app.models import PendingPrediction, ServedModel, Snapshot
from models_app.models.transactions import translated_errors

_MAX_NAME = 200


def uploader() -> str:
    """Return who uploads in this context, as models have it."""
    return sendable(current_actor().name, _MAX_NAME)


def check_upload(*, name: str | None, n_bytes: int) -> None:
    """Raise `QuotaExceeded` where who acts may not have one more model of that size.

    One of that name does not count: its place is taken. A model has the size of its newest snapshot.
    """
    quotas = current_actor().quotas
    if not quotas.are_of_models:
        return
    newest = Snapshot.objects.filter(model=OuterRef("pk"), generation=OuterRef("generation")).order_by("-seq")
    with translated_errors():
        found = (
            ServedModel.objects.filter(uploaded_by=uploader())
            .exclude(name=name)
            .annotate(n_bytes=Subquery(newest.values("size_bytes")[:1]))
            .aggregate(n_models=Count("pk"), n_bytes_of_models=Sum("n_bytes", default=0))
        )
    quotas.check_model(n_bytes, **found)


def pending_by_owner(owners: Sequence[str]) -> dict[str, int]:
    """Return how many pending predictions each has, of those that have any; raises `StorageUnavailable`."""
    if not owners:
        return {}
    with translated_errors():
        counted = PendingPrediction.objects.filter(owner__in=owners).order_by().values("owner")
        return {row["owner"]: row["n"] for row in counted.annotate(n=Count("pk"))}
