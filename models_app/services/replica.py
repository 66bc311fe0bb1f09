"""How far the replica that litestream writes is behind, as it is seen in the replica itself."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from models_app.domain.errors import StorageUnavailable
from models_app.engine.repeats import Repeats
from models_app.models import object_store
from models_app.models.object_store import ObjectMissing
from models_app.sqlite import litestream

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

_LOOK_SECONDS = 10.0
# Each synchronization is a file here, until some of them have become one of the next level: as litestream
# calls it in folders, and in buckets.
_LEVELS = {"file": "ltx/0", "s3": "0000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the replica is behind: bytes of the log, at the last look, and seconds, by now."""

    n_bytes: int
    seconds: float


class Watch:
    """Looks at the replica now and then. `read_at` is up to when it is known to have everything."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._looks_at = 0.0
        self._looked_at = 0.0
        self._read_at: float | None = None
        self._n_bytes = 0

    def tick(self) -> None:
        """Look, where it is time to."""
        now = self._clock()
        if not settings.LITESTREAM_REPLICA_URL or now < self._looks_at:
            return
        self._looks_at = now + _LOOK_SECONDS
        try:
            self._look(now)
        except (StorageUnavailable, ObjectMissing, OSError, ValueError) as error:
            # The lag grows, as far as anybody knows.
            repeated.warning(str(error), "how far the replica is behind is not known: %s", error)

    def lag(self) -> Lag | None:
        """Return how far the replica is behind; None: none was seen."""
        now = self._clock()
        if self._read_at is None:
            return None
        if not self._n_bytes and now - self._looked_at < 3 * _LOOK_SECONDS:
            return Lag(n_bytes=0, seconds=0.0)
        return Lag(n_bytes=self._n_bytes, seconds=max(0.0, now - self._read_at))

    def _look(self, now: float) -> None:
        # First here: what is committed while the replica is asked is not missed there.
        here = litestream.log_place(Path(str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])))
        url = settings.LITESTREAM_REPLICA_URL
        found = object_store.newest(f"{url}/{_LEVELS[url.partition(':')[0]]}")
        there = litestream.parse_header(object_store.head(found, litestream.HEADER_BYTES))
        self._n_bytes = litestream.n_bytes_behind(here, there.place)
        self._read_at = there.read_at if self._n_bytes else now
        self._looked_at = now


watch = Watch()
