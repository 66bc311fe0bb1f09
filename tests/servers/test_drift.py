"""Drift: what clients and operators hear of it, and when."""

import itertools
import json
from collections.abc import Iterator

import pytest
from river import drift
from river.datasets import synth

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.listeners import listening
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.test_contract import binary, regression
from tests.servers.waiting import wait_until

CHANGE = 2_000
N = 4_000


def swapped(first: int, second: int) -> Iterator[tuple[dict[str, float], bool]]:
    """Yield a stream of River's SEA generator whose concept is another one after `CHANGE` samples."""
    before, after = (synth.SEA(variant=variant, seed=1) for variant in (first, second))
    for x, y in itertools.chain(before.take(CHANGE), after.take(N - CHANGE)):
        yield {str(name): float(number) for name, number in x.items()}, bool(y)


def learn_stream(client: Client, stream: list[tuple[dict[str, float], bool]]) -> list[float]:
    """Predict and learn everything in order; return the errors of the predictions."""
    records: list[dict[str, object]] = []
    for number, (x, y) in enumerate(stream):
        records.append({"op": "predict", "features": x, "id": number})
        records.append({"op": "learn", "id": number, "ground_truth": y})
    body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200
    predictions = [json.loads(line) for line in answer.body.splitlines()][::2]
    return [
        float((reported["prediction"].get("true", 0.0) > reported["prediction"].get("false", 0.0)) != y)
        for reported, (_, y) in zip(predictions, stream, strict=True)
    ]


def bare(errors: list[float]) -> list[int]:
    """Return the learns at which ADWIN alone finds drift."""
    detector, seqs = drift.ADWIN(), []
    for seq, error in enumerate(errors, start=1):
        detector.update(error)
        if detector.drift_detected:
            seqs.append(seq)
    return seqs


def all_alerts(client: Client, query: str = "") -> list[dict[str, object]]:
    answer = client.get(f"/api/alerts{query}")
    assert answer.status == 200, answer
    found: list[dict[str, object]] = answer.json["alerts"]
    return found


def alerts(client: Client, query: str = "") -> list[dict[str, object]]:
    """Return what detectors have found."""
    return [alert for alert in all_alerts(client, query) if alert["source"] != "status"]


def as_found(alert: dict[str, object]) -> dict[str, object]:
    """Return what an alert said when it was opened."""
    return {key: alert[key] for key in ("id", "kind", "model", "seq", "time", "source", "detector", "value")}


class TestDrift:
    def test_is_found_when_the_detector_alone_finds_it(self, start: Start) -> None:
        server = start()
        with server.client() as client, listening(server.port, "/api/stream/events") as events:
            client.init("binary")
            client.upload(binary(), "sea")

            expected = bare(learn_stream(client, list(swapped(2, 1))))
            after = [seq for seq in expected if seq > CHANGE]
            wait_until(lambda: len(alerts(client)) == len(expected))

            assert after
            found = alerts(client, "?model=sea")
            assert [alert["seq"] for alert in found] == expected[::-1]
            assert {alert["source"] for alert in found} == {"error"}
            heard = (event for event in events if event.event == "drift")
            assert [as_found(next(heard).data) for _ in expected] == [as_found(each) for each in found[::-1]]
            samples = scrape(client)
            assert value(samples, "drift_alerts_total", model="sea", kind="drift") == len(expected)
            newest = found[0]["id"]
            before = alerts(client, f"?before={newest}&kind=drift&limit=1")
            assert [as_found(each) for each in before] == [as_found(each) for each in found[1:2]]
        assert f"drift in 'sea': ADWIN says so of error at learn {after[0]}" in server.log

    def test_is_found_once_whatever_happens_in_between(self, start: Start) -> None:
        server = start()
        stream = list(swapped(0, 3))
        with server.client() as client:
            client.init("binary")
            client.upload(binary(), "sea")
            errors = learn_stream(client, stream[:3_000])
            wait_until(lambda: len(alerts(client)) == len(bare(errors)))
        server.restart(clean=False)
        with server.client() as client:
            errors += learn_stream(client, stream[3_000:])
            wait_until(lambda: len(alerts(client)) >= len(bare(errors)))
        server.restart(clean=True)
        with server.client() as client:
            assert [alert["seq"] for alert in alerts(client)] == bare(errors)[::-1]

    def test_is_watched_by_what_was_chosen(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "m")
            done = server.manage("watch_drift", "m", "--features", "--parameter", "delta=0.01")
            assert (done.returncode, done.stdout) == (0, "ADWIN watches 'm'.\n"), done.stderr
            records = [
                {"op": "learn", "features": {"x": 10.0 * (number > 300), "z": 0}, "ground_truth": 1}
                for number in range(600)
            ]
            body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
            client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
            wait_until(lambda: "feature x" in {alert["source"] for alert in alerts(client)})

            assert server.manage("watch_drift", "m", "--off").stdout == "Nothing is watched of 'm'.\n"

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["nobody"], "No model named 'nobody'."),
            (
                ["m", "--detector", "DDM"],
                "detector: DDM takes 0 and 1 only; for a regression",
            ),
            (["m", "--parameter", "sense=1"], "parameters: ADWIN has no 'sense'"),
            (["m", "--parameter", "delta"], "--parameter must be NAME=VALUE, not 'delta'"),
        ],
    )
    def test_is_not_watched_by_what_cannot_be(
        self, server: Server, client: Client, arguments: list[str], reason: str
    ) -> None:
        client.init("regression")
        client.upload(regression(), "m")

        done = server.manage("watch_drift", *arguments)

        assert done.returncode == 1
        assert reason in done.stderr

    @pytest.mark.parametrize(
        ("query", "status"), [("?model=nobody", 404), ("?limit=0", 400), ("?before=x", 400)]
    )
    def test_refuses_what_it_cannot_list(self, client: Client, query: str, status: int) -> None:
        client.init("binary")

        assert client.get(f"/api/alerts{query}").status == status
