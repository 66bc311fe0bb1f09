from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.programs import program
from tests.deploy.prometheus import Prometheus
from tests.servers.servers import Server, set_up_instance


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that is set up; servers take copies."""
    return set_up_instance(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the module's tests look at."""
    server = Server(template, tmp_path_factory.mktemp("shared"))
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def prometheus_at_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has not been started."""
    prometheus = Prometheus(program("prometheus"), tmp_path_factory.mktemp("prometheus"))
    yield prometheus
    prometheus.stop()
