"""Traces of requests: which model served one, and where its time went."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stages:
    """The times of a single request's stages, on the clock of `time.perf_counter`.

    `written_at` is None where nothing had to be durable. Computing and writing are those of its whole batch.
    `n_served` is how many requests its model had been asked by then, since it is in memory.
    """

    queued_at: float
    started_at: float
    computed_at: float
    written_at: float | None
    n_served: int


@dataclass(slots=True, kw_only=True)
class Trace:
    """Filled in by whoever comes to know something of the request.

    `n_records` and `n_refused` are those of a stream or an array, which has no stages.
    """

    request_id: str = ""
    model: str | None = None
    stages: Stages | None = None
    n_records: int = 0
    n_refused: int = 0


#: That of the request being served; None where nobody wants to know.
current_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
