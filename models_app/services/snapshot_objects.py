"""The objects of snapshots: removed once no row names them, swept where none ever did."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from models_app.domain.errors import StorageUnavailable
from models_app.engine.repeats import Repeats
from models_app.models import DiscardedObject, Snapshot
from models_app.models import object_store as store
from models_app.models.objects import folder_url
from models_app.models.transactions import translated_errors, write_transaction

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

_AT_A_TIME = 500
_SWEEP_SECONDS = 3_600.0
_PROBE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFigures:
    """How the object store is: `failure` says what keeps this process from using it; empty: nothing.

    `n_failures` requests of this process have failed; `n_discarded` objects are still to be removed.
    """

    failure: str
    n_failures: int
    n_discarded: int


def figures() -> StoreFigures | None:
    """Return how the store is; None: snapshots are in the database. Raises `StorageUnavailable`."""
    with translated_errors():
        n_discarded = DiscardedObject.objects.count()
    if not settings.SNAPSHOTS_URL and not n_discarded:
        return None
    return StoreFigures(
        failure=store.writing.failure or store.reading.failure,
        n_failures=store.writing.n_failures + store.reading.n_failures,
        n_discarded=n_discarded,
    )


def warnings() -> list[str]:
    """Return what is wrong with the store, in words: models learn on, and restarts take longer."""
    return [failure] if (failure := store.writing.failure or store.reading.failure) else []


def remove_discarded() -> bool:
    """Remove the objects of snapshots that were deleted; return whether none is left.

    What cannot be removed now is left for the next time. No transaction is open while the store is asked.
    """
    while True:
        try:
            with translated_errors():
                found = dict(DiscardedObject.objects.values_list("pk", "url")[:_AT_A_TIME])
                named = _named(list(found.values()))
            if not found:
                return True
            for url in found.values():
                if url not in named:
                    store.delete(url)
            with write_transaction():
                DiscardedObject.objects.filter(pk__in=found).delete()
        except StorageUnavailable as error:
            repeated.warning(str(error), "objects of deleted snapshots are left: %s", error)
            return False


def orphans(*, now: datetime) -> Iterator[list[str]]:
    """Yield the objects of this database's folder that no row names, and that have had time to get one.

    A page at a time, which may have none. Raises `StorageUnavailable`.
    """
    oldest = now - timedelta(seconds=settings.SNAPSHOTS_GRACE_SECONDS)
    for page in store.listed(folder_url()):
        old = [url for url, written_at in page if written_at < oldest]
        with translated_errors():
            # After the store was asked: a row that has come meanwhile is seen.
            named = _named(old)
        yield [url for url in old if url not in named]


def sweep(*, now: datetime) -> int:
    """Remove the orphans; return how many there were. Raises `StorageUnavailable`."""
    return sum(map(_remove, orphans(now=now)))


def _remove(urls: list[str]) -> int:
    for url in urls:
        store.delete(url)
    return len(urls)


def _named(urls: list[str]) -> set[str]:
    return set(Snapshot.objects.filter(object_url__in=urls).values_list("object_url", flat=True))


class Keeper:
    """Keeps the object store tidy, a little at each tick, so that nothing else waits long."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pages: Iterator[list[str]] | None = None
        self._sweeps_at = clock()
        self._probes_at = clock()

    def tick(self) -> None:
        """Remove what was discarded, see how the store is, and sweep a page."""
        remove_discarded()
        if not settings.SNAPSHOTS_URL:
            return
        try:
            self._probe()
            self._sweep()
        except StorageUnavailable as error:
            self._pages = None
            repeated.warning(str(error), "%s", error)

    def _probe(self) -> None:
        """Write, read and delete an object now and then: who takes snapshots may be another process."""
        now = self._clock()
        if now < self._probes_at:
            return
        self._probes_at = now + _PROBE_SECONDS
        url = f"{folder_url()}/probes/{secrets.token_hex(16)}"
        store.put_new(url, b"")
        store.get(url)
        store.delete(url)

    def _sweep(self) -> None:
        if self._pages is None:
            if self._clock() < self._sweeps_at:
                return
            self._pages = orphans(now=timezone.now())
        page = next(self._pages, None)
        if page is None:
            self._pages, self._sweeps_at = None, self._clock() + _SWEEP_SECONDS
        elif page:
            logger.info("%d objects that no snapshot names are removed", _remove(page))


keeper = Keeper()
