import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers import main_models, servers
from tests.servers.clients import Client
from tests.servers.launchers import ForkServer, Launcher, environment, fork, fork_server
from tests.servers.servers import Server, set_up_instance
from tests.servers.uploads import Uploads

# It is for servers: whoever imports it has another clock.
collect_ignore = ["settable_clock"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for server in servers.running:
            report.sections.append((f"log of the server on port {server.port}", server.log[-20_000:]))
    return report


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that is set up; servers take copies."""
    return set_up_instance(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Uploads:
    """Models of classes and functions that only a script's __main__ has."""
    folder = tmp_path_factory.mktemp("uploads")
    script = str(Path(main_models.__file__))
    subprocess.run([sys.executable, script, str(folder)], check=True, env=environment(folder), timeout=120)
    return Uploads(folder)


@pytest.fixture(scope="session")
def forks() -> ForkServer:
    """Return the server that forks processes of `manage.py`; those of other fixtures are its forks, too."""
    return fork_server()


@pytest.fixture(scope="session")
def common(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of all modules that need none of their own."""
    server = Server(template, tmp_path_factory.mktemp("shared"))
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture(scope="module")
def server(common: Server) -> Iterator[Server]:
    """The shared server, which must not complain; each test begins with `init`."""
    assert common.complaints == []
    yield common
    assert common.complaints == []


@pytest.fixture(scope="module")
def own_server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the module's own, which its tests may stop."""
    server = Server(template, tmp_path_factory.mktemp("own"))
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


class Start(Protocol):
    def __call__(self, *, launcher: Launcher = fork, **settings: str) -> Server: ...


@pytest.fixture
def start(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start servers with settings of their own; they end with the test."""
    started: list[Server] = []

    def start(*, launcher: Launcher = fork, **settings: str) -> Server:
        server = Server(template, tmp_path_factory.mktemp("own"), launcher, **settings)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.close()
    for server in started:
        assert server.may_complain or server.complaints == []
