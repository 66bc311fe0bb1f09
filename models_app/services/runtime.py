"""The process's engine: wired to storage and to who listens, started, kept tidy and stopped.

It is in this process, or it is a `Cluster` of shards: engines in processes of their own.
"""

import asyncio
import atexit
import itertools
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
from models_app.services import hooks, publishing, trying
from models_app.services.contracts.standing import standing
from models_app.services.folding import get_instance_metrics
from models_app.services.quarantine.precautions import QuarantineOnly
from models_app.services.relaying import relays
from models_app.services.seeding import hash_seed_warning
from models_app.shards.cluster import Cluster
from models_app.shards.slots import shard_of

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 2.0
# What is done so many times as often.
_TURNS = 2
# A shard answers `model_busy` itself, as long as it answers at all.
_SHARD_GRACE_SECONDS = 5.0
#: The environment's name of the folder with the shards' sockets, in a web process that has no engine.
SHARDS_FOLDER = "_CHANTILLY_SHARDS"
#: That of the number of a web process, where there are several.
WORKER = "_CHANTILLY_WORKER"


class _CommitPublisher:
    """Passes on what the engine commits. A shard leaves the metrics over all models to others."""

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
            publishing.scored(write.state, write.seq + 1, scores)
        if events:
            publishing.publish_own(events)

    def publish(self, events: Sequence[Event]) -> None:
        """Pass on what a shard tells."""
        publishing.publish(events)


class _Runtime:
    """The running parts of this process: an engine, and in a server housekeeping."""

    def __init__(self) -> None:
        self.engine: Engine | Cluster | None = None
        self._lock = threading.Lock()
        self._housekeeper: threading.Thread | None = None
        self._housekeeping_ends = threading.Event()
        self._is_shard = False

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
        """Start the thread that keeps things written down; return whether it was not there yet.

        A shard keeps its own engine's affairs and no others.
        """
        self._is_shard = is_shard
        with self._lock:
            if self._housekeeper is not None:
                return False
            self._housekeeping_ends.clear()
            self._housekeeper = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
            self._housekeeper.start()
            return True

    def stop(self, *, seconds: float) -> None:
        """Stop all of it within `seconds`."""
        with self._lock:
            engine, self.engine = self.engine, None
            housekeeper, self._housekeeper = self._housekeeper, None
        if engine is None:
            return
        self._housekeeping_ends.set()
        standing.stop()
        engine.stop(seconds=seconds)
        relays.stop()
        if housekeeper is not None:
            housekeeper.join(timeout=1.0)
            if not self._is_shard:
                _put_off_if_refused(get_instance_metrics().persist)
        get_storage().close()
        get_storage().end_serving()

    def _keep_house(self) -> None:
        for turn in itertools.count(1):
            if self._housekeeping_ends.wait(_TIDY_SECONDS / _TURNS):
                break
            engine = self.engine
            if engine is not None:
                self._keep_house_once(engine, is_whole=turn % _TURNS == 0)
        connections.close_all()

    def _keep_house_once(self, engine: Engine | Cluster, *, is_whole: bool) -> None:
        """Do what is due: where it `is_whole` all of it, and else what is done more often."""
        callbacks: list[Callable[[], None]] = []
        has_duties = not self._is_shard and _has_duties()
        if has_duties:
            callbacks += hooks.sampling
        if is_whole:
            # Where nothing is written, this is how it is noticed.
            callbacks += [get_storage().check_files, engine.save_activity]
        if is_whole and not self._is_shard:
            callbacks += [get_instance_metrics().tidy, *hooks.housekeeping]
        if is_whole and has_duties:
            callbacks += hooks.duties
        for callback in callbacks:
            _put_off_if_refused(callback)


_runtime = _Runtime()


def _has_duties() -> bool:
    """Say whether this process does what only one of all that serve the database has to do."""
    return os.environ.get(WORKER, "0") == "0" and get_storage().holds_duties()


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


def _make_cluster(loop: asyncio.AbstractEventLoop) -> Cluster:
    return Cluster(
        get_storage(),
        folder=Path(os.environ[SHARDS_FOLDER]),
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
    if loop is not None and SHARDS_FOLDER in os.environ:
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
        _put_off_if_refused(engine.preload)


def start_shard(number: int, n_shards: int, precautions: Precautions | None = None) -> Engine:
    """Start the engine as a shard's, for the models that it owns."""

    def owns(name: str) -> bool:
        return shard_of(name, n_shards) == number

    engine = _runtime.start(lambda: _make_engine(owns, precautions))
    assert isinstance(engine, Engine)  # noqa: S101  # as it was made
    engine.watch_models(settings.MODEL_SECONDS)
    standing.start()
    relays.start(sends=True, receives=False)
    _runtime.start_housekeeping(is_shard=True)
    _put_off_if_refused(engine.preload)
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


def _put_off_if_refused(step: Callable[[], None]) -> None:
    """Do what can as well be done later, or at the next start."""
    try:
        step()
    except ChantillyError as error:
        # A busy database, or no flavor yet.
        logger.debug("put off: %s", error)
    except BaseException:
        # The thread goes on, whatever it is.
        logger.exception("housekeeping failed")
