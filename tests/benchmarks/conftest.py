"""A small workload, and servers as the benchmark starts them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import workloads
from benchmarks.comparing import started
from benchmarks.servers import Canned, ThisServer
from benchmarks.workloads import Workload

N_STREAM = 400


@pytest.fixture(scope="session")
def workload() -> Workload:
    return workloads.logistic_regression(n_stream=N_STREAM)


@pytest.fixture(scope="module")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canned]:
    with started(tmp_path_factory.mktemp("canned"), [Canned]) as (server,):
        yield server


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def this_server(work: Path) -> Iterator[ThisServer]:
    with started(work, [ThisServer]) as (server,):
        yield server
