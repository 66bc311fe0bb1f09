"""Two web workers and two shards behind nginx: events, records and WebSockets come through, at whichever."""

import json
import pickle
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from river import linear_model
from websockets.sync.client import ClientConnection, connect

from models_app.shards.slots import shard_of
from tests.deploy.proxies import NAME, SETTINGS, Proxied, behind_nginx
from tests.servers.launchers import fork
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

N_SHARDS = 2
N_LISTENERS = 12
#: A model on each shard.
NAMES = [next(f"m{i}" for i in range(100) if shard_of(f"m{i}", N_SHARDS) == k) for k in range(N_SHARDS)]


@pytest.fixture(scope="module")
def proxied(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("workers")
    server = Server(
        template, folder, fork, **SETTINGS, WORKERS="2", ENGINE_PROCESSES=str(N_SHARDS)
    )  # fmt: skip
    server.start()
    try:
        with behind_nginx(server, tmp_path_factory.mktemp("nginx")) as proxied:
            with proxied.client(**proxied.headers) as client:
                assert client.post("/api/init", json={"flavor": "regression"}).status_code == 201
                for name in NAMES:
                    data = pickle.dumps(linear_model.LinearRegression())
                    assert client.post(f"/api/model/{name}", content=data).status_code == 201
            yield proxied
    finally:
        server.close()


def web_workers(server: Server) -> list[int]:
    """Return the connections of nginx that each web worker holds, of those that hold any."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    to_port = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if f":{server.port:04X} " in line.split()[1] + " " and " 01 " in line
    }
    held = []
    for pid in children:
        links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
        held.append(sum(str(link).removeprefix("socket:[").removesuffix("]") in to_port for link in links))
    return [n for n in held if n]


class TestTwoWorkersBehindNginx:
    def test_every_listener_hears_of_every_model(self, proxied: Proxied) -> None:
        with ExitStack() as stack:
            listeners = []
            for _ in range(N_LISTENERS):
                client = stack.enter_context(proxied.client(**proxied.headers))
                events = stack.enter_context(client.stream("GET", "/api/stream/events"))
                assert events.headers["content-type"].startswith("text/event-stream")
                listeners.append(events.iter_lines())
            # So many are not all at one of them.
            wait_until(lambda: len(web_workers(proxied.server)) == 2)
            heard = [_heard(lines, proxied) for lines in listeners]

        assert heard == [set(NAMES)] * N_LISTENERS

    def test_records_by_websockets_are_answered_in_order(self, proxied: Proxied) -> None:
        with ExitStack() as stack:
            sockets = [stack.enter_context(_socket(proxied)) for _ in range(N_LISTENERS)]
            for number, connection in enumerate(sockets):
                for n in range(3):
                    record = {"features": {"a": n}, "id": f"{number}-{n}", "model": NAMES[number % N_SHARDS]}
                    connection.send(json.dumps(record))
            answers = [[json.loads(connection.recv(30)) for _ in range(3)] for connection in sockets]
            assert len(web_workers(proxied.server)) == 2

        assert all("prediction" in answer for some in answers for answer in some)
        with proxied.client(**proxied.headers) as client:
            learned = [
                client.post("/api/learn", json={"id": f"{number}-{n}", "ground_truth": 1.0}).status_code
                for number in range(N_LISTENERS)
                for n in range(3)
            ]
            details = client.get("/api/models", params={"details": 1}).json()["details"]
        assert set(learned) == {201}
        assert sum(model["learns"] for model in details) == 3 * N_LISTENERS


def _heard(lines: Iterator[str], proxied: Proxied) -> set[str]:
    """Have both models predict until a listener has heard of both."""
    found: set[str] = set()
    with proxied.client(**proxied.headers) as client:
        while found != set(NAMES):
            for name in NAMES:
                asked = client.post("/api/predict", json={"features": {"a": 1.0}, "model": name})
                assert asked.status_code == 200
            data = next(line for line in lines if line.startswith("data: "))
            found.add(json.loads(data.removeprefix("data: "))["model"])
    return found


def _socket(proxied: Proxied) -> ClientConnection:
    tcp = socket.create_connection(("127.0.0.1", proxied.port), 30)
    return connect(
        f"wss://{NAME}/ws/stream",
        additional_headers=proxied.headers,
        ssl=proxied.context,
        sock=tcp,
        open_timeout=60,
    )
