"""The object store that the bytes of snapshots may be in: a bucket of S3, or a folder."""

import functools
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import obstore
from django.conf import settings
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from models_app.domain.errors import StorageUnavailable

logger = logging.getLogger(__name__)

#: For so long after a failure nobody waits for the store: each who asked would hold up a model.
AWAY_SECONDS = 15.0
#: Objects in one answer to a question for their names.
LISTED_AT_A_TIME = 1_000
_CONNECT = timedelta(seconds=3)
_MAX_RETRIES = 2


class ObjectMissing(Exception):
    """There is no object at this URL."""


class Reach:
    """Whether one kind of request reaches a store, as far as was seen by this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        #: What the last failure said, until a request succeeds; empty: none has failed.
        self.failure = ""
        self.n_failures = 0

    @contextmanager
    def asked(self, what: str) -> Iterator[None]:
        """Turn the store's errors into `StorageUnavailable`, at once where one has just failed."""
        self.expect()
        try:
            yield
        except FileNotFoundError as error:
            # An answer, and none that is to be had by asking again.
            self._succeeded()
            raise ObjectMissing(what) from error
        except (BaseError, OSError) as error:
            raise self._failed(error) from error
        self._succeeded()

    def expect(self) -> None:
        """Raise `StorageUnavailable` where the store has failed a moment ago."""
        failed_at = self._failed_at
        if failed_at is not None and time.monotonic() - failed_at < AWAY_SECONDS:
            raise StorageUnavailable(self.failure)

    def _failed(self, error: Exception) -> StorageUnavailable:
        # Beyond the first line it tells how the store's client is made.
        reason = (str(error).splitlines() or [type(error).__name__])[0].strip()
        with self._lock:
            self._failed_at = time.monotonic()
            self.n_failures += 1
            self.failure = f"The object store of the snapshots cannot be used now: {reason}"
        return StorageUnavailable(self.failure)

    def _succeeded(self) -> None:
        if self.failure:
            with self._lock:
                self._failed_at, self.failure = None, ""


#: Of what is written to SNAPSHOTS_URL, and of what is read, wherever it is.
writing, reading = Reach(), Reach()


def put_new(url: str, data: bytes) -> None:
    """Write an object that there was not before; it is durable. Raises `StorageUnavailable`."""
    store, path = _place(url)
    with writing.asked(url):
        # In one piece, which is whole or not there.
        obstore.put(store, path, data, mode="create", use_multipart=False)
        if isinstance(store, LocalStore):
            _sync(Path("/", path))


def get(url: str) -> bytes:
    """Return an object's bytes; raises `ObjectMissing`, `StorageUnavailable`."""
    store, path = _place(url)
    with reading.asked(url):
        return bytes(obstore.get(store, path).bytes())


def head(url: str, n_bytes: int) -> bytes:
    """Return the first bytes of an object; raises `ObjectMissing`, `StorageUnavailable`."""
    store, path = _place(url)
    with reading.asked(url):
        return bytes(obstore.get_range(store, path, start=0, length=n_bytes))


def newest(url: str) -> str:
    """Return the object with the last name below a URL; raises `ObjectMissing`, `StorageUnavailable`."""
    names = [name for page in listed(url, reading) for name, _ in page]
    if not names:
        raise ObjectMissing(f"There is nothing at {url}.")
    return max(names)


def delete(url: str) -> None:
    """Delete an object, or nothing where there is none; raises `StorageUnavailable`."""
    store, path = _place(url)
    try:
        with writing.asked(url):
            obstore.delete(store, path)
    except ObjectMissing:
        return


def listed(url: str, reach: Reach | None = None) -> Iterator[list[tuple[str, datetime]]]:
    """Yield the URLs of the objects below one, a thousand at a time, with when each was written.

    Raises `StorageUnavailable`.
    """
    store, path = _place(url)
    reach = reach or writing
    base = url.removesuffix(path)
    with reach.asked(url):
        pages = iter(obstore.list(store, prefix=path, chunk_size=LISTED_AT_A_TIME))
        page = next(pages, None)
    while page is not None:
        yield [(f"{base}{found['path']}", found["last_modified"]) for found in page]
        with reach.asked(url):
            page = next(pages, None)


def _place(url: str) -> tuple[S3Store | LocalStore, str]:
    """Return the store of an object, and its path there."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return _local(), rest.lstrip("/")
    bucket, _, path = rest.partition("/")
    return _bucket(bucket, settings.SNAPSHOTS_SECONDS), path


@functools.cache
def _local() -> LocalStore:
    return LocalStore("/")


@functools.cache
def _bucket(name: str, seconds: float) -> S3Store:
    """Return a bucket, by the credentials and the address that `AWS_*` have in the environment."""
    limit = timedelta(seconds=seconds)
    return S3Store(
        name,
        client_options={"timeout": limit, "connect_timeout": _CONNECT, "allow_http": _is_plain_http()},
        retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": limit},
    )


def _is_plain_http() -> bool:
    """Say whether the store's address was given as one without TLS; without that, none is taken."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return any(os.environ.get(name, "").startswith("http://") for name in names)


def _sync(path: Path) -> None:
    """Have a file and its name survive a power cut, with the folders above it, which may be new."""
    for place in (path, *list(path.parents)[:4]):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
