"""/metrics of servers that have done nothing before, or that have settings of their own."""

import json
import threading
import time

from tests.servers.conftest import Start
from tests.servers.scraping import Samples, key, scrape, value
from tests.servers.test_contract import HOUSE, regression
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until


class TestOpenMetrics:
    def test_say_what_the_models_do(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            client.upload(regression(), "hut")
            for number in range(3):
                client.predict(features=HOUSE, id=number, model="house")
            client.learn(id=0, ground_truth=150)
            client.learn(id=0, ground_truth=150)
            client.predict(features="no features")

            samples = scrape(client)
            metrics = client.metrics("house")

        assert value(samples, "instance_info", flavor="regression", **_versions(samples)) == 1
        assert value(samples, "models") == 2
        assert value(samples, "models_left_out") == 0
        assert value(samples, "learns_total", model="house") == 1
        assert value(samples, "learns_total", model="hut") == 0
        assert value(samples, "predictions_total", model="house") == 3
        assert value(samples, "pending_predictions", model="house") == 2
        assert value(samples, "default_model", model="house") is None
        assert value(samples, "default_model", model="hut") == 1
        assert (value(samples, "model_size_bytes", model="house") or 0) > 100
        assert abs((value(samples, "last_learn_timestamp_seconds", model="house") or 0) - time.time()) < 60
        assert value(samples, "last_learn_timestamp_seconds", model="hut") is None
        assert value(samples, "snapshot_seq", model="hut") == 0
        for metric, expected in metrics.items():
            assert value(samples, "metric", model="house", flavor="regression", metric=metric) == expected
            assert value(samples, "instance_metric", flavor="regression", metric=metric) == expected
        assert value(samples, "refusals_total", route="learn", status="400") == 1
        assert value(samples, "refusals_total", route="predict", status="400") == 1
        assert value(samples, "call_duration_seconds_count", route="predict") == 4
        # The look at the model waits in its queue, too.
        assert (value(samples, "queue_wait_seconds_count", model="house") or 0) >= 4
        assert value(samples, "commit_seconds_bucket", model="house", le="+Inf") == 4
        assert (value(samples, "compute_seconds_sum", model="house") or 0) > 0
        assert value(samples, "answer_seconds_count", model="house") == 5
        assert value(samples, "model_refusals_total", model="house", code="prediction_not_pending") == 1
        assert value(samples, "truth_delay_seconds_bucket", model="house", le="60.0") == 1
        assert value(samples, "truth_delay_seconds_count", model="house") == 1
        assert (value(samples, "model_memory_bytes", model="house") or 0) > 1_000

    def test_are_there_before_there_is_a_flavor(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            samples = scrape(client)

        assert value(samples, "models") == 0
        assert not [name for name, _ in samples if name == "chantilly_instance_metric"]
        assert samples["process_resident_memory_bytes", frozenset()] > 10_000_000
        assert abs(samples["process_start_time_seconds", frozenset()] - time.time()) < 600

    def test_count_the_models_beyond_the_limit(self, start: Start) -> None:
        server = start(METRICS_MAX_MODELS="2")
        with server.client() as client:
            client.init("regression")
            for name in ("a", "b", "c"):
                client.upload(regression(), name)
            client.predict(features=HOUSE, id=1, model="a")
            client.learn(id=1, ground_truth=3)

            samples = scrape(client)

        reported = {dict(labels)["model"] for _, labels in samples if "model" in dict(labels)}
        assert reported == {"a", "c"}
        assert value(samples, "models") == 3
        assert value(samples, "models_left_out") == 1

    def test_load_no_model(self, start: Start) -> None:
        server = start(HOT_MODELS_MAX="1")
        with server.client() as client:
            client.init("regression")
            for name in ("a", "b"):
                client.upload(regression(), name)
                client.learn(features=HOUSE, ground_truth=150, model=name)
            metrics = client.metrics("a")
            client.predict(features=HOUSE, model="b")
            # Its snapshot says what it scored.
            wait_until(lambda: value(scrape(client), "snapshot_seq", model="a") == 1)

            samples = scrape(client)

        assert value(samples, "models_hot") == 1
        assert value(samples, "metric", model="a", flavor="regression", metric="MAE") == metrics["MAE"]

    def test_do_not_wait_for_a_model_that_is_busy(self, start: Start, uploads: Uploads) -> None:
        server = start()
        with server.client() as client, server.client() as busy:
            client.init("regression")
            client.upload(uploads.bytes("slow"), "slow")
            client.upload(regression(), "house")
            client.learn(features=HOUSE, ground_truth=150, model="house")
            # Some five seconds of learning, all of it in the queue before the page asks.
            records = [{"features": {"x": 1}, "ground_truth": 1, "model": "slow"}] * 100
            learning = threading.Thread(
                target=busy.request, args=("POST", "/api/learn", json.dumps(records).encode())
            )
            learning.start()
            wait_until(lambda: server.database.seq("slow") >= 2)

            samples = scrape(client)

            assert learning.is_alive()
            learning.join()
        assert (value(samples, "learns_total", model="slow") or 0) < 100
        assert value(samples, "metric", model="house", flavor="regression", metric="MAE") == 150

    def test_go_on_after_a_crash_or_begin_at_zero(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            for number in range(3):
                client.predict(features=HOUSE, id=number)
            client.learn(id=0, ground_truth=150)
            client.learn(id=0, ground_truth=150)
            before = counters(scrape(client))
        server.restart(clean=False)

        with server.client() as client:
            after = counters(scrape(client))

        durable = {
            of: number
            for of, number in before.items()
            if of[0].startswith(("chantilly_learns", "chantilly_predictions", "chantilly_drift"))
        }
        # Of alerts one for each kind.
        assert len(durable) == 5
        assert {of: after[of] for of in durable} == durable
        assert before[key("call_duration_seconds_count", route="predict")] == 3
        assert before[key("refusals_total", route="learn", status="400")] == 1
        # The new process has done nothing yet.
        assert not [of for of in before if of not in durable and after.get(of, 0) > 0]


def counters(samples: Samples) -> Samples:
    """Return what never falls while a process runs."""
    ends = ("_total", "_count", "_sum", "_bucket")
    return {
        of: number
        for of, number in samples.items()
        if of[0].startswith("chantilly_") and of[0].endswith(ends)
    }


def _versions(samples: Samples) -> dict[str, str]:
    """Return the versions that the page reports."""
    (labels,) = [dict(labels) for name, labels in samples if name == "chantilly_instance_info"]
    return {name: labels[name] for name in ("django", "river")}
