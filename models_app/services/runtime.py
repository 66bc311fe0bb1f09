"""The process's engine: wired to storage and to who listens, started, kept tidy and stopped."""

import atexit
import itertools
import logging
import threading
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import connections

from models_app.domain.errors import ChantillyError
from models_app.domain.scoring import Scores
from models_app.engine.engine import Engine
from models_app.engine.engine_options import EngineOptions
from models_app.engine.memory import MemoryLimits
from models_app.engine.ports import Event, Write
from models_app.engine.snapshots import SnapshotPolicy
from models_app.journal.positions import Position
from models_app.models.storage import get_storage
from models_app.paradigms.registry import PROBLEMS
from models_app.services import hooks, publishing, trying
from models_app.services.contracts.standing import standing
from models_app.services.folding import get_instance_metrics
from models_app.services.seeding import hash_seed_warning

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 2.0
# What is done so many times as often.
_TURNS = 2


class _CommitPublisher:
    """Passes on what the engine commits."""

    def wants_events(self) -> bool:
        return publishing.wants_events()

    def committed(
        self, write: Write, segment_id: int | None, scores: Sequence[Scores], events: Sequence[Event]
    ) -> None:
        if segment_id is not None:
            get_instance_metrics().committed(
                Position(segment_id), write.state.flavor, scores, len(write.learns)
            )
            publishing.scored(write.state, write.seq + 1, scores)
        if events:
            publishing.publish(events)


class _Runtime:
    """The running parts of this process: an engine, and in a server housekeeping."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self._lock = threading.Lock()
        self._housekeeper: threading.Thread | None = None
        self._housekeeping_ends = threading.Event()

    def start(self) -> Engine:
        """Start the engine unless it runs already."""
        with self._lock:
            if self.engine is None:
                _warn()
                engine = Engine(
                    get_storage(),
                    _CommitPublisher(),
                    _options(),
                    leave_thread=connections.close_all,
                    contracts=standing,
                )
                engine.start()
                self.engine = engine
                atexit.register(self.stop, seconds=settings.SHUTDOWN_SECONDS)
            return self.engine

    def start_housekeeping(self) -> bool:
        """Start the thread that keeps things written down; return whether it was not there yet."""
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
        if housekeeper is not None:
            housekeeper.join(timeout=1.0)
            _put_off_if_refused(get_instance_metrics().persist)
        get_storage().close()
        get_storage().end_serving()

    def _keep_house(self) -> None:
        for turn in itertools.count(1):
            if self._housekeeping_ends.wait(_TIDY_SECONDS / _TURNS):
                break
            engine = self.engine
            if engine is not None:
                for callback in hooks.sampling:
                    _put_off_if_refused(callback)
            if engine is not None and turn % _TURNS == 0:
                # Where nothing is written, this is how it is noticed.
                _put_off_if_refused(get_storage().check_files)
                _put_off_if_refused(engine.save_activity)
                _put_off_if_refused(get_instance_metrics().tidy)
                for callback in hooks.housekeeping:
                    _put_off_if_refused(callback)
        connections.close_all()


_runtime = _Runtime()


def get_engine() -> Engine:
    """Return the engine; it starts at the first call."""
    engine = _runtime.engine
    return engine if engine is not None else _runtime.start()


def start_engine() -> None:
    """Start the engine as a server's: hot models are loaded, counts and metrics are kept written down.

    Raises `AlreadyServed` where another process serves the database.
    """
    get_storage().begin_serving()
    engine = get_engine()
    engine.watch_models(settings.MODEL_SECONDS)
    if _runtime.start_housekeeping():
        standing.start()
        for callback in hooks.startup:
            callback()
        _put_off_if_refused(engine.preload)


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
