"""Writing to the database: one writer at a time within the process, and one error for all that can fail."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from models_app.domain.errors import StorageUnavailable
from models_app.engine import forks
from models_app.sqlite.base import DatabaseWrapper

# A lock of PostgreSQL for the whole database: between what a use case reads and what it writes in one
# transaction comes no commit of an engine, as in SQLite, which has one writer. Engines do not wait for each
# other: theirs is shared (`storage/postgresql/commit.sql`).
_CLOSE_GATE = "SELECT pg_advisory_xact_lock(7020)"
# SQLite has one writer at a time; who finds it taken sleeps for up to 100 ms before it looks again. Threads
# of one process queue up here instead.
_writer = threading.Lock()


@contextmanager
def writer_lock() -> Iterator[None]:
    """Wait for this process's other writers; raises `StorageUnavailable` after `DATABASE_TIMEOUT`."""
    forks.end_in_child()
    if not _writer.acquire(timeout=settings.DATABASE_TIMEOUT):
        raise StorageUnavailable("The database is busy.")
    try:
        yield
    finally:
        _writer.release()


@contextmanager
def writer_lock_if_free() -> Iterator[bool]:
    """Take the lock unless this process is writing; yield whether it was free."""
    is_free = _writer.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _writer.release()


@contextmanager
def write_transaction() -> Iterator[None]:
    """Run a block as one durable transaction; raises `StorageUnavailable` where the database refuses."""
    with writer_lock(), translated_errors():
        with transaction.atomic(durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(_CLOSE_GATE)
            yield
        check_files(connections[DEFAULT_DB_ALIAS])


def check_files(wrapper: BaseDatabaseWrapper) -> None:
    """Raise what `sqlite3` raises unless what a connection has written is in the database by its name."""
    if isinstance(wrapper, DatabaseWrapper):
        wrapper.check_files()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the database raises into `StorageUnavailable`."""
    try:
        yield
    except (DatabaseError, sqlite3.Error) as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> StorageUnavailable:
    """Return the refusal for an error of the database, and drop the connection if it may be broken."""
    if not connection.in_atomic_block:
        connection.close()
    return StorageUnavailable(f"The database cannot be used now: {error}.")
