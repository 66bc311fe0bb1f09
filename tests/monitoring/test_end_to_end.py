"""Monitoring on a real server, through the clients that users have."""

import json
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import sseclient
from river import linear_model

from tests.management.processes import Served, manage, served
from tests.servers.launchers import make_instance


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_instance(tmp_path_factory.mktemp("monitoring") / "instance")
    done = manage(folder, "migrate")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def running_server(instance: Path) -> Iterator[Served]:
    with served(instance) as running:
        yield running


@pytest.fixture
def server(running_server: Served) -> Served:
    """A server with a model that has seen nothing."""
    url = running_server.url
    assert httpx.post(f"{url}/api/init", json={"flavor": "regression"}).status_code == 201
    model = pickle.dumps(linear_model.LinearRegression())
    assert httpx.post(f"{url}/api/model/line", content=model).status_code == 201
    return running_server


class Reader:
    """Reads a stream in a thread as the user guide shows, up to a number of messages."""

    def __init__(self, url: str, count: int) -> None:
        self.messages: list[tuple[str, Any]] = []
        self._client = sseclient.SSEClient(url)
        self._thread = threading.Thread(target=self._read, args=(count,), daemon=True)
        self._thread.start()

    def _read(self, count: int) -> None:
        with closing(self._client.resp):
            for _, message in zip(range(count), self._client, strict=False):
                self.messages.append((message.event, json.loads(message.data)))

    def wait(self) -> list[tuple[str, Any]]:
        """Return the messages once all are there."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.messages


def predict_and_learn(server: Served, *, number: int) -> float:
    """Predict by id and learn; return the prediction."""
    answer = httpx.post(f"{server.url}/api/predict", json={"id": number, "features": {"x": number}})
    assert answer.status_code == 201
    learned = httpx.post(f"{server.url}/api/learn", json={"id": number, "ground_truth": 2.0 * number})
    assert learned.status_code == 201
    prediction: float = answer.json()["prediction"]
    return prediction


def test_streams_say_what_happens(server: Served) -> None:
    events = Reader(f"{server.url}/api/stream/events", 6)
    metrics = Reader(f"{server.url}/api/stream/metrics", 1)

    predictions = [predict_and_learn(server, number=number) for number in (1, 2, 3)]

    expected = []
    for number, prediction in zip((1, 2, 3), predictions, strict=True):
        reported = {"model": "line", "features": {"x": number}, "prediction": prediction}
        expected += [("predict", reported), ("learn", reported | {"ground_truth": 2.0 * number})]
    assert events.wait() == expected
    [(event, first)] = metrics.wait()
    assert event == "message"
    assert list(first) == ["MAE", "RMSE", "SMAPE"]


def test_the_metrics_stream_ends_up_with_the_newest_value(server: Served) -> None:
    client = sseclient.SSEClient(f"{server.url}/api/stream/metrics")
    for number in range(1, 41):
        predict_and_learn(server, number=number)
    newest = httpx.get(f"{server.url}/api/metrics").json()
    with closing(client.resp):
        for message in client:
            if json.loads(message.data) == newest:
                break


def test_statistics_count_every_call_and_are_erased_by_init(server: Served) -> None:
    for _ in range(3):
        assert httpx.post(f"{server.url}/api/predict", json={"features": []}).status_code == 400
    predict_and_learn(server, number=1)

    statistics = httpx.get(f"{server.url}/api/stats").json()

    assert (statistics["predict"]["n_calls"], statistics["learn"]["n_calls"]) == (4, 1)
    assert statistics["predict"]["mean_duration"] > 0
    assert httpx.post(f"{server.url}/api/init", json={"flavor": "binary"}).status_code == 201
    nothing = {
        "n_calls": 0,
        "mean_duration": 0,
        "mean_duration_human": "0ns",
        "ewm_duration": 0,
        "ewm_duration_human": "0ns",
    }
    assert httpx.get(f"{server.url}/api/stats").json() == {"predict": nothing, "learn": nothing}


def test_the_dashboard_lists_the_models(server: Served) -> None:
    page = httpx.get(server.url).text
    assert "Next, predict and learn" in page
    predict_and_learn(server, number=1)
    page = httpx.get(server.url).text
    assert "Next, predict and learn" not in page
    assert ">line" in page
    assert "default" in page


def test_the_schema_describes_the_streams_and_the_statistics(server: Served) -> None:
    schema = httpx.get(f"{server.url}/api/schema", params={"format": "json"}).json()
    for path in ("/api/stream/events", "/api/stream/metrics"):
        operation = schema["paths"][path]["get"]
        assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert names == {"Last-Event-ID", "lastEventId", "ticket"}
    statistics = schema["paths"]["/api/stats"]["get"]["responses"]["200"]["content"]["application/json"]
    over_all, of_one = statistics["schema"]["oneOf"]
    assert over_all["required"] == ["predict", "learn"]
    assert {"predict", "learn", "delay", "snapshot"} <= set(of_one["properties"])


def test_a_server_stops_with_streams_open_and_statistics_survive_its_restart(tmp_path: Path) -> None:
    folder = make_instance(tmp_path / "instance")
    assert manage(folder, "migrate").returncode == 0
    with served(folder) as first:
        refused = httpx.get(f"{first.url}/api/stats")
        assert (refused.status_code, refused.json()) == (400, {"message": "No flavor has been set."})
        assert httpx.post(f"{first.url}/api/init", json={"flavor": "regression"}).status_code == 201
        assert httpx.post(f"{first.url}/api/predict", json={"features": {}}).status_code == 400
        before = httpx.get(f"{first.url}/api/stats").json()
        streams = [sseclient.SSEClient(f"{first.url}/api/stream/{name}") for name in ("events", "metrics")]
        assert first.stop(signal.SIGTERM) == 0
        for stream in streams:
            stream.resp.close()

    with served(folder) as second:
        assert httpx.get(f"{second.url}/api/stats").json() == before
        assert before["predict"]["n_calls"] == 1
