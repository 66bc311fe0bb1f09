"""Copying an instance: all rows as one transaction sees them, into a database that has none."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import connections, transaction
from django.db.models import BinaryField, Model

from models_app.domain.errors import InvalidRequest
from models_app.models import AuditEntry, Configuration, ServedModel
from models_app.models.transactions import translated_errors
from models_app.services import auditing
from models_app.services.copying.databases import (
    SOURCE,
    TARGET,
    applied,
    opened,
    reset_sequences,
    see_one_moment,
    tables,
)
from models_app.services.copying.positions import Numbering

#: Hears of a table and of how many of its rows were copied.
Report = Callable[[str, int], None]

_AT_A_TIME = 200
# Rows that have bytes may be as large as models are.
_LARGE_AT_A_TIME = 1


def copy_instance(
    *,
    source: str,
    target: str,
    migrate: Callable[[str], None],
    report: Report = lambda *_: None,
    is_recorded: bool = True,
) -> int:
    """Copy all rows of the database at one URL into the one at another; return how many.

    The copy is the source at one moment; who writes to it meanwhile does not wait. It is there whole or not
    at all. `migrate` makes the tables of the database at a URL, in a process that has it as its own:
    migrations may write to that one. The audit trail of the copy says what it is where that `is_recorded`.

    Raises `InvalidRequest` where the target is no empty database, or the source is one of another version;
    `ModelNotLoadable` where another key has signed its metrics; `StorageUnavailable`.
    """
    with opened(source, target), translated_errors():
        _check_empty()
        migrate(target)
        with transaction.atomic(using=SOURCE), transaction.atomic(using=TARGET):
            see_one_moment()
            # Somebody may have been as quick.
            _check_empty()
            _check_versions()
            n_copied = _copy(report)
            reset_sequences(connections[TARGET], connections[SOURCE])
            if is_recorded:
                auditing.record(action="copy_instance", using=TARGET, n_rows=n_copied)
        return n_copied


def check_empty(url: str) -> None:
    """Raise `InvalidRequest` unless a copy can be made into the database at a URL."""
    with opened(url, url), translated_errors():
        _check_empty()


def _check_empty() -> None:
    there = tables(TARGET)
    for model in (Configuration, ServedModel, AuditEntry):
        if model in there and model._base_manager.using(TARGET).exists():
            raise InvalidRequest({"target": [f"is no empty database: it has rows in {model._meta.db_table}"]})


def _check_versions() -> None:
    different = sorted(applied(SOURCE) ^ applied(TARGET))
    if different:
        raise InvalidRequest(
            {"source": [f"is of another version: {'.'.join(different[0])}; run `manage.py migrate` on it"]}
        )


def _copy(report: Report) -> int:
    numbering, n_all = Numbering(), 0
    # What migrations have put there has other numbers.
    with connections[TARGET].constraint_checks_disabled():
        for model in tables(TARGET):
            model._base_manager.using(TARGET)._raw_delete(TARGET)
        for model in tables(SOURCE):
            n_copied = 0
            for rows in _read(model):
                for row in rows:
                    numbering.apply(row)
                model._base_manager.using(TARGET).bulk_create(rows)
                n_copied += len(rows)
            n_all += n_copied
            report(model._meta.label, n_copied)
    return n_all


def _read(model: type[Model]) -> Iterator[list[Any]]:
    """Yield a table's rows, some at a time."""
    fields = [field.attname for field in model._meta.concrete_fields if not field.generated]
    has_bytes = any(isinstance(field, BinaryField) for field in model._meta.concrete_fields)
    n_rows = _LARGE_AT_A_TIME if has_bytes else _AT_A_TIME
    found = model._base_manager.using(SOURCE).order_by("pk").values_list(*fields).iterator(n_rows)
    while some := list(islice(found, n_rows)):
        yield [model(**dict(zip(fields, row, strict=True))) for row in some]
