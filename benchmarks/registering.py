"""`python -m benchmarks.registering MODEL N`: register copies of a served model, by the hundred thousand.

Each has a row, a generation, a sample of its metrics and a snapshot, signed as the server signs it:
whichever of them is asked for answers. What an upload does besides, a trial of each for one, is left out.
The server does not run meanwhile.
"""

import os
import sys
from datetime import timedelta
from typing import Any

import django

_AT_A_TIME = 2_000
# The last of them was used a moment ago, the first so many days before.
_DAYS = 30


def main() -> int:
    """Register them in the instance of `INSTANCE_PATH`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chantilly_project.settings")
    django.setup()
    register(sys.argv[1], int(sys.argv[2]))
    return 0


def name_of(number: int) -> str:
    """Return the name of a copy."""
    return f"m{number:07d}"


def register(name: str, n: int) -> None:
    """Register `n` copies of a model, in transactions of some thousands."""
    # Tables can be imported once Django is set up.
    from django.db import transaction

    from models_app.models import Generation, ServedModel, Snapshot
    from monitoring.models import MetricSnapshot

    first = Snapshot.objects.select_related("model").get(model__name=name, seq=0)
    generation = Generation.objects.get(model=first.model, generation=first.generation)
    for start in range(0, n, _AT_A_TIME):
        with transaction.atomic():
            rows = ServedModel.objects.bulk_create(
                _row(first.model, number, n) for number in range(start, min(start + _AT_A_TIME, n))
            )
            Generation.objects.bulk_create(
                _copy(generation, model=row, started_at=row.uploaded_at) for row in rows
            )
            MetricSnapshot.objects.bulk_create(_sample(row) for row in rows)
            Snapshot.objects.bulk_create(
                _copy(first, model=row, taken_at=row.uploaded_at, signature=_signature(first, row))
                for row in rows
            )


def _row(template: Any, number: int, n: int) -> Any:
    used_at = template.uploaded_at - timedelta(days=_DAYS) * ((n - number) / n)
    return _copy(
        template, name=name_of(number), is_default=False, uploaded_at=used_at, last_predicted_at=used_at
    )


def _copy(row: Any, **changed: Any) -> Any:
    names = [field.name for field in row._meta.concrete_fields if not (field.primary_key or field.generated)]
    return type(row)(**{name: getattr(row, name) for name in names} | changed)


def _sample(row: Any) -> Any:
    from monitoring.history.levels import LEVELS
    from monitoring.models import MetricSnapshot

    return MetricSnapshot(
        model=row, generation=1, seq=0, time=row.uploaded_at, n_predictions=0, values={}, rolling={},
        level=len(LEVELS) - 1,
    )  # fmt: skip


def _signature(first: Any, row: Any) -> str:
    from models_app.domain.blobs import Versions
    from models_app.models.signing import sign

    place = row.pk, first.generation, first.seq
    return sign(*place, row.name, Versions.current(), bytes(first.model_bytes), bytes(first.metrics_bytes))


if __name__ == "__main__":
    sys.exit(main())
