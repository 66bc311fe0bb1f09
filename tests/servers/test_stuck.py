"""Models that do not come back cost themselves only."""

import contextlib
import http.client
import re
import threading

import pytest

from models_app.domain import blobs
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

N_STUCK = 12


@pytest.fixture
def server(start: Start, forks: ForkServer, uploads: Uploads) -> Server:
    server = start(launcher=forks, MODEL_SECONDS="1", ENGINE_THREADS="4")
    with server.client() as client:
        client.init("regression")
        for number in range(N_STUCK):
            client.upload(uploads.bytes("sleeping"), f"stuck-{number}")
        client.upload(uploads.bytes("counting"), "quick")
    return server


def learn(server: Server, name: str, seconds: float, statuses: list[int]) -> threading.Thread:
    def run() -> None:
        with server.client() as client, contextlib.suppress(OSError, http.client.HTTPException):
            statuses.append(client.learn(features={"sleep": seconds}, ground_truth=1.0, model=name).status)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def ask(server: Server, path: str, statuses: list[int]) -> threading.Thread:
    def run() -> None:
        with server.client() as client, contextlib.suppress(OSError, http.client.HTTPException):
            statuses.append(client.get(path).status)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


class TestStuckModels:
    def test_are_refused_and_named_while_all_others_are_served(self, server: Server) -> None:
        statuses: list[int] = []
        stuck = [learn(server, f"stuck-{number}", 600.0, statuses) for number in range(N_STUCK)]
        with server.client() as client:
            for number in range(1, 4):
                assert client.learn(features={"tag": 1}, ground_truth=1.0, model="quick").status == 201
                assert client.predict(features={}, model="quick").json["prediction"] == number
            for thread in stuck:
                thread.join(timeout=60)

            assert statuses == [503] * N_STUCK
            late = client.learn(features={"sleep": 0.0}, ground_truth=1.0, model="stuck-3")
            assert (late.status, late.code) == (503, "model_busy")
            assert int(late.headers["retry-after"]) >= 1
            assert client.predict(features={}, model="quick").status == 200
            assert client.get("/readyz").status == 200
            metrics = client.get("/metrics").body.decode()
            named = re.findall(r'^chantilly_model_busy_seconds\{model="(stuck-\d+)"\}', metrics, re.MULTILINE)
            assert len(named) == N_STUCK
            assert client.get("/").body.decode().count(">busy for ") == N_STUCK
            assert ">busy for " in client.get("/models/stuck-3/").body.decode()
        assert server.log.count("'stuck-3' has not come back") == 1

        # What sleeps is not waited for.
        assert server.stop() == 0

    def test_are_what_they_were_when_they_come_back(self, server: Server) -> None:
        statuses: list[int] = []
        with server.client() as client:
            client.learn(features={"sleep": 0.0}, ground_truth=1.0, model="stuck-0")

            learn(server, "stuck-0", 2.5, statuses).join(timeout=60)

            assert statuses == [503]
            wait_until(lambda: "'stuck-0' has come back" in server.log)
            assert blobs.loads(client.download("stuck-0")).n == 1
            assert client.learn(features={"sleep": 0.0}, ground_truth=1.0, model="stuck-0").status == 201
            assert blobs.loads(client.download("stuck-0")).n == 2

    def test_keep_no_reading_routes_waiting(self, start: Start, forks: ForkServer, uploads: Uploads) -> None:
        server = start(launcher=forks, MODEL_SECONDS="600")
        statuses: list[int] = []
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "quick")
            client.upload(uploads.bytes("sleeping"), "stuck")
            waiting = [learn(server, "stuck", 600.0, statuses)]
            wait_until(lambda: "chantilly_model_busy_seconds{" in client.get("/metrics").body.decode())
            paths = ["/api/model/stuck", "/api/metrics?model=stuck", "/api/metrics?model=stuck&rolling=true"]
            waiting += [ask(server, path, statuses) for path in paths * 8]

            for path in ("/readyz", "/api/models", "/api/metrics", "/api/stats", "/api/init"):
                assert client.get(path).status == 200
            # What other models are asked for is not kept waiting, either.
            assert client.learn(features={"tag": 1}, ground_truth=1.0, model="quick").status == 201
            assert blobs.loads(client.download("quick")).n == 1
            for path in ("/api/metrics?model=quick", "/api/metrics?model=quick&rolling=true"):
                assert set(client.get(path).json) >= {"MAE"}

        # Nobody who waits for the model was answered first.
        assert statuses == []
        server.kill()
        for thread in waiting:
            thread.join(timeout=60)
