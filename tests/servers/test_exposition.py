"""/metrics: read as Prometheus and InfluxDB read it."""

import json
import pickle
from pathlib import Path
from urllib.parse import quote

import pytest
from line_protocol_parser import parse_line

from tests.servers.clients import Client
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.test_contract import HOUSE, binary, regression


class TestOpenMetrics:
    def test_count_what_each_model_refused(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "barn")
        client.learn(features=HOUSE, ground_truth="no number")
        records = [{"features": HOUSE, "ground_truth": "no number"}] * 2
        client.request("POST", "/api/learn", json.dumps(records).encode())
        client.learn(features=HOUSE, ground_truth=1, model="nobody")

        samples = scrape(client)

        refused = {labels: n for (name, labels), n in samples.items() if "model_refusals" in name}
        assert refused == {frozenset({("model", "barn"), ("code", "invalid_ground_truth")}): 3}

    def test_say_what_another_process_does(self, server: Server, client: Client, tmp_path: Path) -> None:
        records = tmp_path / "records.ndjson"
        records.write_text(json.dumps({"features": HOUSE, "ground_truth": 150}) + "\n")
        client.init("regression")
        client.upload(regression(), "house")
        client.learn(features=HOUSE, ground_truth=100)
        done = server.manage("learn", str(records), "--model", "house")
        assert done.returncode == 0, done.stderr

        samples = scrape(client)
        metrics = client.metrics("house")

        assert value(samples, "learns_total", model="house") == 2
        for metric, expected in metrics.items():
            assert value(samples, "metric", model="house", flavor="regression", metric=metric) == expected
            assert value(samples, "instance_metric", flavor="regression", metric=metric) == expected

    def test_show_models_of_all_flavors_side_by_side(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        data = pickle.dumps(binary())
        assert client.request("POST", "/api/model/fraud?flavor=binary", data).status == 201
        client.learn(model="house", features=HOUSE, ground_truth=100)
        client.learn(model="fraud", features={"x": 1.0}, ground_truth=True)

        samples = scrape(client)

        for model, flavor in (("house", "regression"), ("fraud", "binary")):
            for metric, expected in client.metrics(model).items():
                of_model = {"model": model, "flavor": flavor, "metric": metric}
                assert value(samples, "metric", **of_model) == expected
                assert value(samples, "rolling_metric", **of_model) == pytest.approx(expected)
                assert value(samples, "instance_metric", flavor=flavor, metric=metric) == expected

    def test_count_calls_on_when_everything_is_erased(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        before = value(scrape(client), "call_duration_seconds_count", route="predict") or 0
        client.predict(features=HOUSE)
        client.init("regression")

        samples = scrape(client)
        statistics = client.get("/api/stats").json

        assert statistics["predict"]["n_calls"] == 0
        assert value(samples, "call_duration_seconds_count", route="predict") == before + 1

    def test_count_drift_from_zero_on(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")

        samples = scrape(client)

        for kind in ("drift", "warning"):
            assert value(samples, "drift_alerts_total", model="house", kind=kind) == 0

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/metrics?format=xml", 400, "bad_request"),
            ("POST", "/metrics", 405, "method_not_allowed"),
        ],
    )
    def test_refuse_what_they_do_not_know(
        self, client: Client, method: str, path: str, status: int, code: str
    ) -> None:
        answer = client.request(method, path)

        assert (answer.status, answer.code) == (status, code)


class TestInflux:
    def test_is_a_sample_a_line(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.learn(features=HOUSE, ground_truth=150)

        answer = client.get("/metrics?format=influx")

        lines = answer.body.decode().splitlines()
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "chantilly_learns_total,model=house value=1.0" in lines
        assert "chantilly_metric,flavor=regression,metric=MAE,model=house value=150.0" in lines
        assert all(parse_line(line)["fields"].keys() == {"value"} for line in lines)

    @pytest.mark.parametrize(
        ("name", "reported"),
        [
            ("a b,c=d", "a b,c=d"),
            ("\"quoted\" 'twice'", "\"quoted\" 'twice'"),
            ("back\\slash\\, comma", "back\\slash\\, comma"),
            ("été 日本", "été 日本"),
            # The protocol cannot have one at the end; no name ends with a space.
            ("\\", "\\ "),
            ("at the end\\", "at the end\\ "),
        ],
    )
    def test_keeps_the_names_of_models(
        self, server: Server, client: Client, name: str, reported: str
    ) -> None:
        client.init("regression")
        client.upload(regression(), quote(name))

        answer = client.get("/metrics?format=influx")

        # The protocol ends a line with a line feed alone.
        parsed = [parse_line(line) for line in answer.body.decode().split("\n") if line]
        learns = [line for line in parsed if line["measurement"] == "chantilly_learns_total"]
        assert [line["tags"] for line in learns] == [{"model": reported}]
