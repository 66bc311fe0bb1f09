"""A process that works on the models of one shard, to its end."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from models_app.engine.precautions import Precautions
from models_app.management.memory_limits import limit_memory
from models_app.services import runtime
from models_app.services.sharding import open_shard


def run_shard(  # noqa: PLR0913  # as many as there is to say of a shard
    *,
    number: int,
    of: int,
    folder: Path,
    when_ready: Callable[[], None],
    seconds_left: Callable[[], float],
    precautions: Precautions | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, in the main thread. Raises `OSError` where it cannot listen.

    `seconds_left` returns how long the stop may take then.
    """
    ends = threading.Event()
    limit_memory(settings.MODEL_MEMORY_BYTES, n_threads=settings.ENGINE_THREADS)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: ends.set())
    listener = open_shard(number=number, n_shards=of, folder=folder, precautions=precautions)
    threading.Thread(target=listener.serve, name="listening", daemon=True).start()
    when_ready()
    ends.wait()
    listener.close()
    runtime.stop_engine(seconds=seconds_left())
    listener.end()
