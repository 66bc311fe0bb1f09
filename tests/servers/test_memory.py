"""A model that takes more memory than the models of a shard may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.clients import Client
from tests.servers.launchers import ForkServer
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.test_processes import learn, name_on, when_there
from tests.servers.uploads import Uploads

MB = 1024**2


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer) -> Iterator[Server]:
    """A server of two shards, whose models may take 512 MB each."""
    server = Server(
        template, tmp_path_factory.mktemp("memory"), forks,
        ENGINE_PROCESSES="2", ENGINE_THREADS="4", MODEL_MEMORY_BYTES="512M",
    )  # fmt: skip
    server.may_complain = True
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as client:
        client.init("regression")
        yield client


def restarts(client: Client, number: int) -> float | None:
    return value(scrape(client), "process_restarts_total", role="shard", number=str(number))


class TestAModelThatAsksForMoreThanThereIs:
    @pytest.mark.parametrize("way", ["memory", "leak"])
    def test_has_its_learn_refused_and_loses_nothing(
        self, server: Server, client: Client, uploads: Uploads, way: str
    ) -> None:
        hungry, neighbour = name_on(0, f"hungry-{way}"), name_on(0, "neighbour")
        for name in (hungry, neighbour):
            client.upload(uploads.bytes("deadly"), name)
            assert learn(server, name).status == 201
        before = restarts(client, 0)
        # So much there is.
        taken = learn(server, hungry, die=way, bytes=20 * MB)
        refused = [learn(server, hungry, die=way, bytes=2_000 * MB) for _ in range(2)]
        beside = learn(server, neighbour)
        after = learn(server, hungry)

        assert taken.status == 201, taken
        assert [(answer.status, answer.code) for answer in refused] == [(400, "model_raised")] * 2
        assert all("MemoryError" in answer.message for answer in refused)
        assert (beside.status, after.status) == (201, 201)
        assert when_there(server, hungry).json["prediction"] == 3
        assert restarts(client, 0) == before

    def test_may_take_what_it_likes_where_nothing_is_set(
        self, template: Path, tmp_path: Path, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = Server(template, tmp_path, forks, ENGINE_PROCESSES="1")
        server.start()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("deadly"), "free")
            taken = learn(server, "free", die="memory", bytes=700 * MB)
        server.close()

        assert taken.status == 201
