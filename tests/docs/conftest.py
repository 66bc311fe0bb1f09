from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.servers import Server, set_up_instance


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that is set up; servers take copies."""
    return set_up_instance(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `make run` starts it: set up, without a flavor."""
    server = Server(template, tmp_path_factory.mktemp("shared"))
    server.start()
    yield server
    server.close()
