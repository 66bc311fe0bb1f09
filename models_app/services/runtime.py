"""The process's engine: wired to storage and to who listens, started, kept tidy and stopped.

It is in this process, or it is a `Cluster` of shards: engines in processes of their own.
"""

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import connections

from models_app.domain.errors import ChantillyError
from models_app.domain.scoring import Scores
from models_app.engine.engine import Engine
from models_app.engine.engine_options import EngineOptions
from models_app.engine.memory import MemoryLimits
from models_app.engine.ports import Event, Write
from models_app.engine.precautions import Precautions
from models_app.engine.snapshots import SnapshotPolicy
from models_app.journal.positions import Position
from models_app.models.storage import get_storage
from models_app.paradigms.registry import PROBLEMS
from models_app.services import hooks, publishing, raying, trying
from models_app.services.contracts.standing import standing
from models_app.services.duties import duties
from models_app.services.folding import get_instance_metrics
from models_app.services.housekeeping import Housekeeper, put_off_if_refused
from models_app.services.quarantine.precautions import QuarantineOnly
from models_app.services.relaying import relays
from models_app.services.seeding import hash_seed_warning
from models_app.shards.cluster import Cluster, by_sockets
from models_app.shards.slots import shard_of

logger = logging.getLogger(__name__)

# A shard answers `model_busy` itself, as long as it answers at all.
_SHARD_GRACE_SECONDS = 5.0
#: The environment's name of the folder with the shards' sockets, in a web process that has no engine.
SHARDS_FOLDER = "_CHANTILLY_SHARDS"


class _CommitPublisher:
    """Passes on what the engine commits. A shard leaves what is over all models to others."""

    def __init__(self, *, is_shard: bool = False) -> None:
        self._is_shard = is_shard

    def wants_events(self) -> bool:
        return publishing.wants_own_events()

    def committed(
        self, write: Write, segment_id: int | None, scores: Sequence[Scores], events: Sequence[Event]
    ) -> None:
        if segment_id is not None:
            position = None if self._is_shard else Position.of_commit(segment_id)
            if position is not None:
                get_instance_metrics().committed(position, write.state.flavor, scores, len(write.learns))
            if duties.are_held:
                # Elsewhere nobody takes them, and the journal has them for who does.
                publishing.scored(write.state, write.seq + 1, scores)
        if events:
            publishing.publish_own(events)

    def publish(self, events: Sequence[Event]) -> None:
        """Pass on what a shard tells."""
        publishing.publish(events)

    def missed(self) -> None:
        """Pass on that a shard had more to tell."""
        publishing.missed()


class _Runtime:
    """The running parts of this process: an engine, and in a server housekeeping."""

    def __init__(self) -> None:
        self.engine: Engine | Cluster | None = None
        self._lock = threading.Lock()
        self._housekeeper: Housekeeper | None = None

    def start(self, make: Callable[[], Engine | Cluster] | None = None) -> Engine | Cluster:
        """Start the engine unless it runs already."""
        with self._lock:
            if self.engine is None:
                _warn()
                engine = (make or _make_engine)()
                engine.start()
                self.engine = engine
                atexit.register(self.stop, seconds=settings.SHUTDOWN_SECONDS)
            return self.engine

    def start_housekeeping(self, *, is_shard: bool = False) -> bool:
        """Start to keep house for the engine, which runs; return whether that was not so yet."""
        with self._lock:
            if self._housekeeper is not None or self.engine is None:
                return False
            self._housekeeper = Housekeeper(self.engine, is_shard=is_shard)
            self._housekeeper.start()
            return True

    def stop(self, *, seconds: float) -> None:
        """Stop all of it within `seconds`."""
        with self._lock:
            engine, self.engine = self.engine, None
            housekeeper, self._housekeeper = self._housekeeper, None
        if engine is None:
            return
        if housekeeper is not None:
            housekeeper.end()
        standing.stop()
        engine.stop(seconds=seconds)
        relays.stop()
        if housekeeper is not None:
            housekeeper.finish()
        get_storage().close()
        get_storage().end_serving()


_runtime = _Runtime()


def _make_engine(owns: Callable[[str], bool] | None = None, precautions: Precautions | None = None) -> Engine:
    return Engine(
        get_storage(),
        _CommitPublisher(is_shard=owns is not None),
        _options(),
        leave_thread=connections.close_all,
        contracts=standing,
        owns=owns,
        precautions=precautions or QuarantineOnly(),
    )


def _is_by_ray() -> bool:
    return settings.ENGINE == "ray"


def _make_cluster(loop: asyncio.AbstractEventLoop) -> Cluster:
    return Cluster(
        get_storage(),
        connector=raying.cluster.connector if _is_by_ray() else by_sockets(Path(os.environ[SHARDS_FOLDER])),
        n_shards=settings.ENGINE_PROCESSES,
        loop=loop,
        patience=settings.MODEL_SECONDS + _SHARD_GRACE_SECONDS,
        listener=_CommitPublisher(),
    )


def get_engine() -> Engine | Cluster:
    """Return the engine; it starts at the first call."""
    engine = _runtime.engine
    return engine if engine is not None else _runtime.start()


def start_engine(loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Start the engine as a server's: hot models are loaded, counts and metrics are kept written down.

    `loop` is the web's, where answers are awaited, for a web process whose engine is elsewhere; to be called
    in another thread than the loop's. Raises `AlreadyServed` where another process serves the database.
    """
    engine: Engine | Cluster
    if loop is not None and (SHARDS_FOLDER in os.environ or _is_by_ray()):
        # Whoever has started the shards has the database.
        engine = _runtime.start(lambda: _make_cluster(loop))
    else:
        get_storage().begin_serving()
        engine = get_engine()
    engine.watch_models(settings.MODEL_SECONDS)
    relays.start(sends=isinstance(engine, Engine), receives=True)
    if _runtime.start_housekeeping():
        standing.start()
        for callback in hooks.startup:
            callback()
        put_off_if_refused(engine.preload)


def start_shard(number: int, n_shards: int, precautions: Precautions | None = None) -> Engine:
    """Start the engine as a shard's, for the models that it owns."""

    def owns(name: str) -> bool:
        return shard_of(name, n_shards) == number

    engine = _runtime.start(lambda: _make_engine(owns, precautions))
    assert isinstance(engine, Engine)  # noqa: S101  # as it was made
    engine.watch_models(settings.MODEL_SECONDS)
    standing.start()
    # Web processes hear from all of Ray's shards themselves.
    relays.start(sends=not _is_by_ray(), receives=False)
    _runtime.start_housekeeping(is_shard=True)
    put_off_if_refused(engine.preload)
    return engine


def claim_database() -> None:
    """Make this process the database's one server, before it starts; raises `AlreadyServed`, `OSError`."""
    get_storage().begin_serving()


def stop_engine(*, seconds: float) -> None:
    """Finish what was accepted and take snapshots, within `seconds`."""
    _runtime.stop(seconds=seconds)


def forget_default() -> None:
    """Have the engine, if it runs, look up which model is the default."""
    if _runtime.engine is not None:
        _runtime.engine.forget_default()


def forget_model(name: str) -> None:
    """Have the engine, if it runs, keep nothing of a model that the database has not any more."""
    if _runtime.engine is not None:
        _runtime.engine.forget(name)


def engine_is_running() -> bool:
    """Say whether the engine takes requests and all its threads live."""
    return _runtime.engine is not None and _runtime.engine.is_running


def on_shutdown(callback: Callable[[], None]) -> None:
    """Add to `hooks.shutdown`, for the web, which is given this module and knows no other."""
    hooks.shutdown.add(callback)


def announce_shutdown() -> None:
    """Report that the server is about to stop, and have nobody wait for models that are not quick."""
    if _runtime.engine is not None:
        # Somewhat before the server, which waits as long for requests, complains.
        _runtime.engine.hurry(seconds=0.8 * seconds_for_requests())
    for callback in hooks.shutdown:
        try:
            callback()
        except ChantillyError as error:
            # A disk that is full, for one.
            logger.warning("what was to be done before the stop was refused: %s", error)
        except Exception:
            logger.exception("a shutdown callback failed")


def seconds_for_requests() -> int:
    """Return how much of a stop's time the requests may take; the other half is left for the snapshots."""
    return max(1, int(settings.SHUTDOWN_SECONDS / 2))


def _warn() -> None:
    """Log what keeps no request from being served, and should be seen to all the same."""
    warning = hash_seed_warning()
    for text in [*([] if warning is None else [warning]), *trying.warnings(), *PROBLEMS]:
        logger.warning(text)


def _options() -> EngineOptions:
    return EngineOptions(
        threads=settings.ENGINE_THREADS,
        batch_size=settings.ENGINE_BATCH_SIZE,
        turn_seconds=settings.ENGINE_TURN_SECONDS,
        memory=MemoryLimits(max_models=settings.HOT_MODELS_MAX, max_bytes=settings.HOT_MODELS_MAX_BYTES),
        snapshots=SnapshotPolicy(
            cost_ratio=settings.SNAPSHOT_COST_RATIO, min_seconds=settings.SNAPSHOT_MIN_SECONDS
        ),
    )
