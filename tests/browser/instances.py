"""Servers with something to look at, and what clients do meanwhile."""

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from river import linear_model, preprocessing
from river.datasets import synth

from tests.servers.servers import Server
from tests.servers.waiting import wait_until

Record = dict[str, object]


def logistic() -> Any:
    """Return a small model for binary classification."""
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def records(n: int, *, start: int = 0, model: str = "sea", is_swapped: bool = False) -> list[Record]:
    """Return predictions of River's SEA stream, each with its ground truth, or with what is none."""
    found: list[Record] = []
    for number, (x, y) in enumerate(synth.SEA(seed=start + 1).take(n), start=start):
        features = {f"x{name}": value for name, value in x.items()}
        found.append({"op": "predict", "features": features, "id": f"{model}-{number}", "model": model})
        found.append({"op": "learn", "id": f"{model}-{number}", "ground_truth": bool(y) != is_swapped})
    return found


def send(server: Server, sent: Sequence[Record]) -> None:
    """Send records on one connection."""
    body = b"".join(json.dumps(record).encode() + b"\n" for record in sent)
    with server.client() as client:
        answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200
    answers = [json.loads(line) for line in answer.body.splitlines()]
    assert [found for found in answers if "message" in found] == []
    assert len(answers) == len(sent)


def fill(server: Server) -> None:
    """Upload two models; both learn until there is a line to draw, one of them two concepts."""
    with server.client() as client:
        client.init("binary")
        for name in ("sea", "other"):
            client.upload(logistic(), name)
    for round_number in range(1, 5):
        start = 1_100 * round_number
        send(server, records(1_100, start=start, is_swapped=round_number == 3))
        send(server, records(1_100, start=start, model="other"))
        for model in ("sea", "other"):
            wait_for_samples(server, round_number, model=model)


def _n_samples(server: Server, model: str) -> int:
    """Return the number of places that a chart of the model has."""
    with server.client() as client:
        return len(client.get(f"/api/metrics/history?model={model}").json["seq"])


def wait_for_samples(server: Server, n: int, *, model: str = "sea") -> None:
    """Wait until a chart of the model has so many places."""
    wait_until(lambda: _n_samples(server, model) >= n)


@contextmanager
def streaming(server: Server) -> Iterator[None]:
    """Let the model predict and learn, a little at a time, as a demo does."""
    ends = threading.Event()

    def run() -> None:
        for number in itertools.count():
            if ends.wait(0.1):
                return
            send(server, records(20, start=100_000 + 20 * number))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
