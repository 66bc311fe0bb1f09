"""Databases beside the one of the settings, by their URLs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

SOURCE, TARGET = "copied_from", "copied_to"


@contextmanager
def opened(source: str, target: str) -> Iterator[None]:
    """Have two databases under `SOURCE` and `TARGET`, the first as one transaction sees it."""
    described: dict[str, dict[str, Any]] = {
        SOURCE: settings.DESCRIBE_DATABASE(source),
        TARGET: settings.DESCRIBE_DATABASE(target),
    }
    if described[SOURCE]["ENGINE"] == "models_app.sqlite":
        # Who reads keeps nobody from writing.
        described[SOURCE].setdefault("OPTIONS", {})["transaction_mode"] = "DEFERRED"
    default = {DEFAULT_DB_ALIAS: settings.DATABASES[DEFAULT_DB_ALIAS]}
    configured = connections.configure_settings(default | described)
    for alias in (SOURCE, TARGET):
        connections.settings[alias] = configured[alias]
    try:
        yield
    finally:
        for alias in (SOURCE, TARGET):
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]


def see_one_moment() -> None:
    """Have the source's transaction see it as it is now; to be called first in it."""
    # SQLite's always does.
    if has_several_writers(SOURCE):
        with connections[SOURCE].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def has_several_writers(alias: str) -> bool:
    """Say whether positions in the journal of a database are by transactions."""
    return connections[alias].vendor != "sqlite"


def tables(alias: str) -> list[type[Model]]:
    """Return what a database has tables of, in one order for all databases."""
    there = set(connections[alias].introspection.table_names())
    models = apps.get_models(include_auto_created=True)
    found = {model for model in models if model._meta.managed and not model._meta.proxy}
    return sorted(
        (model for model in found if model._meta.db_table in there), key=lambda model: model._meta.label
    )


def applied(alias: str) -> set[tuple[str, str]]:
    """Return the migrations of a database."""
    return set(MigrationRecorder(connections[alias]).applied_migrations())


def reset_sequences(target: BaseDatabaseWrapper, source: BaseDatabaseWrapper) -> None:
    """Have the target go on with numbers that the source has not given."""
    if target.vendor != "sqlite":
        with target.cursor() as cursor:
            for statement in target.ops.sequence_reset_sql(no_style(), tables(target.alias)):
                cursor.execute(statement)
    elif source.vendor == "sqlite":
        # Also those of rows that are gone: followers have seen them.
        with source.cursor() as cursor:
            cursor.execute("SELECT seq, name FROM sqlite_sequence")
            given = cursor.fetchall()
        with target.cursor() as cursor:
            cursor.execute("DELETE FROM sqlite_sequence")
            for seq, name in given:
                cursor.execute("INSERT INTO sqlite_sequence (seq, name) VALUES (%s, %s)", [seq, name])
