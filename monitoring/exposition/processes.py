"""Families of the server's processes."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from models_app.services.processes import ProcessFigures, membership, memory_bytes, processes

_PREFIX = "chantilly_"
_LABELS = ("role", "number")


def of_processes() -> Iterator[Metric]:
    """Yield what is known of each process, and Prometheus's own families of a server."""
    known = processes()
    up = _gauge("up", "1 where the process does its work.")
    pid = _gauge("pid", "The number that the machine's kernel knows it by.")
    memory = _gauge("resident_memory_bytes", "What it has of the machine's memory.", unit="bytes")
    duties = _gauge("has_duties", "1 where it does what one of all processes on the database has to do.")
    restarts = CounterMetricFamily(
        f"{_PREFIX}process_restarts", "How often it was started again after its death.", labels=_LABELS
    )
    for process in known:
        state = process.state
        labels = [state.role, str(state.number)]
        up.add_metric(labels, process.is_up)
        pid.add_metric(labels, state.pid)
        duties.add_metric(labels, process.has_duties)
        restarts.add_metric(labels, state.n_restarts)
        if process.memory_bytes is not None:
            memory.add_metric(labels, process.memory_bytes)
    yield from (up, pid, memory, duties, restarts)
    yield from ProcessCollector(registry=None).collect() if membership() is None else _of_all(known)


def _gauge(name: str, meaning: str, unit: str = "") -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}process_{name}", meaning, labels=_LABELS, unit=unit)


def _of_all(known: list[ProcessFigures]) -> Iterator[Metric]:
    """Yield Prometheus's families, added up over the processes and their parent."""
    # Of a process that has ended its parent has the processor time: the sum only grows.
    parent = os.getppid()
    seconds = _cpu_seconds(parent, with_ended=True) + sum(
        _cpu_seconds(process.state.pid) for process in known if process.memory_bytes is not None
    )
    cpu = CounterMetricFamily("process_cpu_seconds", "Processor time of all processes, in seconds.")
    cpu.add_metric([], seconds)
    memory = sum(process.memory_bytes or 0 for process in known) + (memory_bytes(parent) or 0)
    yield cpu
    yield GaugeMetricFamily(
        "process_resident_memory_bytes",
        "Memory of all processes; what they share is counted for each.",
        value=memory,
        unit="bytes",
    )
    started = next(
        family
        for family in ProcessCollector(pid=lambda: parent, registry=None).collect()
        if family.name == "process_start_time_seconds"
    )
    yield started


def _cpu_seconds(pid: int, *, with_ended: bool = False) -> float:
    """Return the processor time of a process, where asked with that of its children that have ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # After the name, which may have spaces: utime, stime, cutime and cstime, as proc(5) has them.
    fields = text.rpartition(")")[2].split()
    ticks = sum(map(int, fields[11 : 15 if with_ended else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")
