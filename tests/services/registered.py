"""Rows of models by the thousand, and what it takes the database to read among them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from models_app.models import Generation, ServedModel, Snapshot

# Of SQLite's virtual machine.
_STEPS_AT_A_TIME = 100


def register(n: int, *, until: datetime, flavor: str = "binary", prefix: str = "m") -> list[ServedModel]:
    """Add models, each with a snapshot; the first was used last, the others a minute before one another."""
    rows = ServedModel.objects.bulk_create(
        ServedModel(
            name=f"{prefix}{number:05d}",
            flavor=flavor,
            size_bytes=1,
            uploaded_at=until - timedelta(minutes=number),
        )
        for number in range(n)
    )
    Generation.objects.bulk_create(
        Generation(model=row, generation=1, kind=Generation.UPLOAD, seq=0, started_at=row.uploaded_at)
        for row in rows
    )
    Snapshot.objects.bulk_create(
        Snapshot(
            model=row, generation=1, seq=0, size_bytes=1, taken_at=row.uploaded_at, metrics_bytes=b"",
            model_bytes=b"",
        )
        for row in rows
    )  # fmt: skip
    return rows


def steps(action: Callable[[], object]) -> int:
    """Return how many steps SQLite takes for what an action asks this thread's connection, in hundreds."""
    n = 0

    def count() -> None:
        nonlocal n
        n += 1

    connection.ensure_connection()
    raw = connection.connection
    raw.set_progress_handler(count, _STEPS_AT_A_TIME)
    try:
        action()
    finally:
        raw.set_progress_handler(None, 0)
    return n
