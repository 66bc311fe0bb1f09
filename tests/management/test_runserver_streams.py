"""The development server takes streams as the production server does."""

import json
import subprocess

import httpx
import pytest
from river import linear_model
from websockets.sync.client import connect

from tests.management.test_runserver import running, wait_until_it_answers
from tests.servers.clients import Client
from tests.servers.exchanging import line

__all__ = ["running"]

LEARN = {"features": {"x": 1.0}, "ground_truth": 1.0}


class TestRunserver:
    def test_takes_many_records_on_one_connection(
        self, running: tuple[subprocess.Popen[str], str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        process, url = running
        wait_until_it_answers(process, url)
        with Client(int(url.rpartition(":")[2])) as client:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "model")

        lines = httpx.post(f"{url}/api/stream", content=line(**LEARN) * 100).text.splitlines()
        with connect(f"{url.replace('http', 'ws')}/ws/stream", proxy=None) as socket:
            for number in range(100):
                socket.send(json.dumps({**LEARN, "ref": number}))
            messages = [json.loads(socket.recv(60)) for _ in range(100)]
        array = httpx.post(f"{url}/api/predict", json=[{"features": {"x": 1.0}}])

        assert lines == ["{}"] * 100
        assert messages == [{"ref": number} for number in range(100)]
        (predicted,) = array.json()
        assert predicted["prediction"] > 0
