"""The thread of a server that keeps things written down, and does what is due every few seconds."""

import itertools
import logging
import threading
from collections.abc import Callable

from django.db import connections

from models_app.domain.errors import ChantillyError
from models_app.engine.engine import Engine
from models_app.models.storage import get_storage
from models_app.services import hooks
from models_app.services.duties import duties
from models_app.services.folding import get_instance_metrics
from models_app.shards.cluster import Cluster

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 2.0
# What is done so many times as often.
_TURNS = 2


class Housekeeper:
    """Keeps house for an engine. A shard keeps its own engine's affairs and no others."""

    def __init__(self, engine: Engine | Cluster, *, is_shard: bool) -> None:
        self._engine = engine
        self._is_shard = is_shard
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Have the thread begin nothing more."""
        self._ends.set()

    def finish(self) -> None:
        """Wait for the thread, and write down what is left; to be called after the engine's end."""
        self._thread.join(timeout=1.0)
        if not self._is_shard:
            put_off_if_refused(get_instance_metrics().persist)

    def _run(self) -> None:
        for turn in itertools.count(1):
            if self._ends.wait(_TIDY_SECONDS / _TURNS):
                break
            for callback in self._due(is_whole=turn % _TURNS == 0):
                put_off_if_refused(callback)
        connections.close_all()

    def _due(self, *, is_whole: bool) -> list[Callable[[], None]]:
        """Return what is due: where it `is_whole` all of it, and else what is done more often."""
        # Where nothing is written, to look at the files is how their loss is noticed.
        own = [get_storage().check_files, self._engine.save_activity] if is_whole else []
        if self._is_shard:
            return own
        has_duties = _look()
        return [
            *(hooks.sampling if has_duties else ()),
            *own,
            *([get_instance_metrics().tidy, *hooks.housekeeping] if is_whole else ()),
            *(hooks.duties if is_whole and has_duties else ()),
        ]


def _look() -> bool:
    put_off_if_refused(duties.look)
    return duties.are_held


def put_off_if_refused(step: Callable[[], object]) -> None:
    """Do what can as well be done later, or at the next start."""
    try:
        step()
    except ChantillyError as error:
        # A busy database, or no flavor yet.
        logger.debug("put off: %s", error)
    except BaseException:
        # The thread goes on, whatever it is.
        logger.exception("housekeeping failed")
