from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.management.processes import Served, served
from tests.servers.servers import set_up_instance
from tests.services.instances import instance

__all__ = ["instance"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance of the module's own."""
    return set_up_instance(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    """A server of it."""
    with served(folder) as running:
        yield running
