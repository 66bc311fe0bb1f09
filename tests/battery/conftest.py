from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.battery.serving")

from tests.battery.serving import Battery  # noqa: E402
from tests.servers.conftest import forks, start, template  # noqa: E402
from tests.servers.launchers import ForkServer  # noqa: E402
from tests.servers.servers import Server  # noqa: E402

__all__ = ["forks", "start", "template"]


@pytest.fixture(scope="module")
def battery(
    request: pytest.FixtureRequest,
    template: Path,
    forks: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Battery]:
    """All models of the module's flavor, after what they have to go through."""
    server = Server(template, tmp_path_factory.mktemp("battery"), forks, SNAPSHOT_MIN_SECONDS="0.05")
    server.may_complain = True
    server.start()
    battery = Battery(server, request.module.FLAVOR, tmp_path_factory.mktemp("bare"))
    battery.run()
    yield battery
    server.close()
