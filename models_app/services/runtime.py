"""The process's engine: wired to storage and to who listens, started, kept tidy and stopped."""

import atexit
import logging
import threading
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import connection

from models_app.domain.errors import ChantillyError
from models_app.engine.engine import Engine, EngineOptions
from models_app.engine.memory import MemoryLimits
from models_app.engine.ports import Event, Scored
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models.storage import SqliteStorage
from models_app.services import publishing

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 2.0

_lock = threading.Lock()
_engine: Engine | None = None
_shutdown_callbacks: list[Callable[[], None]] = []
_housekeeping_ends = threading.Event()
_housekeeper: threading.Thread | None = None


class _Observer:
    """Passes on what the engine commits."""

    def wants_events(self) -> bool:
        return publishing.wants_events()

    def committed(self, segment_id: int | None, scored: Sequence[Scored], events: Sequence[Event]) -> None:
        # Here, since measuring asks this module for the engine.
        from models_app.services.measuring import get_instance_metrics

        if segment_id is not None:
            get_instance_metrics().committed(segment_id, scored)
        if events:
            publishing.publish(events)


def get_engine() -> Engine:
    """Return the engine; it starts at the first call."""
    engine = _engine
    return engine if engine is not None else _start()


def start_engine() -> None:
    """Start the engine as a server's: hot models are loaded, counts and metrics are kept written down."""
    global _housekeeper
    engine = get_engine()
    if _housekeeper is not None:
        return
    _housekeeping_ends.clear()
    _housekeeper = threading.Thread(target=_keep_house, name="housekeeping", daemon=True)
    _housekeeper.start()
    try:
        engine.preload()
    except ChantillyError as error:
        logger.warning("the hot models could not be loaded at start: %s", error)


def stop_engine(*, seconds: float) -> None:
    """Finish what was accepted and take snapshots, within `seconds`."""
    global _engine, _housekeeper
    with _lock:
        engine, _engine = _engine, None
    if engine is None:
        return
    _housekeeping_ends.set()
    engine.stop(seconds=seconds)
    if _housekeeper is not None:
        _housekeeper.join(timeout=1.0)
        _housekeeper = None
        _persist_metrics()


def engine_is_running() -> bool:
    """Say whether the engine takes requests and all its threads live."""
    return _engine is not None and _engine.is_running


def on_shutdown(callback: Callable[[], None]) -> None:
    """Have `callback` called when the server is told to stop, before it waits for what is under way."""
    _shutdown_callbacks.append(callback)


def announce_shutdown() -> None:
    """Tell that the server is about to stop."""
    for callback in _shutdown_callbacks:
        try:
            callback()
        except Exception:
            logger.exception("a shutdown callback failed")


def _start() -> Engine:
    global _engine
    with _lock:
        if _engine is None:
            engine = Engine(SqliteStorage(), _Observer(), _options(), leave_thread=connection.close)
            engine.start()
            _engine = engine
            atexit.register(stop_engine, seconds=settings.SHUTDOWN_SECONDS)
        return _engine


def _options() -> EngineOptions:
    return EngineOptions(
        threads=settings.ENGINE_THREADS,
        batch_size=settings.ENGINE_BATCH_SIZE,
        turn_seconds=settings.ENGINE_TURN_SECONDS,
        memory=MemoryLimits(
            max_models=settings.HOT_MODELS_MAX, max_bytes=settings.HOT_MODELS_MAX_BYTES
        ),
        snapshots=SnapshotPolicy(
            cost_ratio=settings.SNAPSHOT_COST_RATIO, min_seconds=settings.SNAPSHOT_MIN_SECONDS
        ),
    )


def _keep_house() -> None:
    from models_app.services.measuring import get_instance_metrics

    while not _housekeeping_ends.wait(_TIDY_SECONDS):
        try:
            get_engine().save_activity()
            get_instance_metrics().tidy()
        except ChantillyError as error:
            # Put off: a busy database, or no flavor yet.
            logger.debug("housekeeping was put off: %s", error)
        except Exception:
            logger.exception("housekeeping failed")
    connection.close()


def _persist_metrics() -> None:
    from models_app.services.measuring import get_instance_metrics

    try:
        get_instance_metrics().persist()
    except ChantillyError as error:
        logger.debug("the metrics are folded anew at the next start: %s", error)
