"""The benchmark of this server, in small: what it measures is right, and it would say if it were not."""

import pickle
from pathlib import Path

import pytest

from benchmarks import journals, states
from benchmarks.calls import call_json
from benchmarks.loops import RiverLoop
from benchmarks.measuring import Bench, check_metrics, renew, run_pairs
from benchmarks.mirrors import Mirror
from benchmarks.river_loop import LOOPS
from benchmarks.servers import ThisServer
from benchmarks.turns import Turns
from benchmarks.wire import ID_DIGITS, Requests, prediction_id
from benchmarks.workloads import Workload, padded


@pytest.fixture
def bench() -> Bench:
    return Bench(seconds=0.2, serial_quota={})


class TestBench:
    @pytest.mark.parametrize("n_connections", [1, 4])
    def test_finds_pairs_right(
        self, bench: Bench, this_server: ThisServer, workload: Workload, n_connections: int
    ) -> None:
        outcome = bench.pairs(this_server, workload, n_connections)

        assert outcome.problems == []
        assert outcome.n == journals.seq(this_server) > 0

    def test_finds_predictions_right(self, bench: Bench, this_server: ThisServer, workload: Workload) -> None:
        outcome = bench.predictions(this_server, workload, 2)

        assert (outcome.problems, journals.seq(this_server)) == ([], 0)

    def test_finds_streams_right(self, bench: Bench, this_server: ThisServer, workload: Workload) -> None:
        learned = bench.ndjson_learns(this_server, workload)
        paired = bench.ndjson_pairs(this_server, workload)

        assert (learned.problems, learned.n) == ([], workload.n_stream)
        assert (paired.problems, paired.n) == ([], workload.n_stream // 2)

    @pytest.mark.parametrize("n_records", [1, 100])
    def test_finds_messages_right(
        self, bench: Bench, this_server: ThisServer, workload: Workload, n_records: int
    ) -> None:
        assert bench.messages(this_server, workload, n_records).problems == []

    def test_finds_other_predictions_wrong(
        self, bench: Bench, this_server: ThisServer, workload: Workload
    ) -> None:
        mirror = bench.mirrors.of(workload)
        mirror.model.learn_one(workload.samples[5].features, not workload.samples[5].ground_truth)

        assert bench.pairs(this_server, workload, 1).problems != []

    def test_finds_other_metrics_wrong(self, this_server: ThisServer, workload: Workload) -> None:
        renew(this_server, workload)
        expected = Mirror(workload.samples, workload.load()).metrics(100)

        assert check_metrics(this_server, expected) != []


class TestStates:
    def test_of_many_pending_predictions_are_this_servers_own(
        self, this_server: ThisServer, workload: Workload
    ) -> None:
        renew(this_server, workload)
        content = {"id": "first", "features": workload.samples[0].features}
        call_json(this_server.port, "POST", "/api/predict", content, expect=201)
        this_server.stop()

        states.multiply_pending(this_server.database, 500)
        this_server.start()

        assert journals.n_pending(this_server) == 501
        exchanges, _ = run_pairs(this_server.port, [Requests(workload)], iter(range(10)), seconds=60)
        assert [pair.learned for pair in exchanges[0]] == [(201, b"{}")] * 10
        assert journals.n_pending(this_server) == 501

    def test_of_a_stream_survive_a_kill(
        self, bench: Bench, this_server: ThisServer, workload: Workload
    ) -> None:
        bench.ndjson_learns(this_server, workload)
        assert states.check_state(this_server, workload, workload.n_stream) == []

        this_server.kill()
        _, prediction = states.first_prediction(this_server, workload)

        assert prediction is not None
        assert states.check_state(this_server, workload, workload.n_stream) == []
        assert states.check_state(this_server, workload, workload.n_stream - 1) != []


class TestTurns:
    def test_check_each_model_on_its_own(self, this_server: ThisServer, workload: Workload) -> None:
        names = ["m0", "m1", "m2"]
        for name in names:
            this_server.upload(workload.model, name)
        turns = Turns(this_server, workload, names)

        turns.warm_up()
        outcome = turns.run(2, 0.2)

        assert outcome.problems == []
        # Somebody else's learn.
        run_pairs(this_server.port, [Requests(workload, ["m1"])], iter([7]), seconds=60)
        assert turns.run(1, 0.2).problems != []


class TestWorkloads:
    def test_that_are_padded_compute_the_same(self, workload: Workload) -> None:
        model = pickle.loads(padded(workload, 10_000))
        x = workload.samples[0].features

        assert model.predict_proba_one(x) == workload.load().predict_proba_one(x)
        assert len(padded(workload, 10_000)) - len(workload.model) >= 10_000

    def test_run_in_bare_loops(self, workload: Workload, tmp_path: Path) -> None:
        with RiverLoop(tmp_path) as river:
            assert all(river.rate(loop, workload, 50) > 0 for loop in LOOPS)

    def test_give_every_number_an_id_of_its_own(self) -> None:
        ids = {prediction_id(number) for number in range(10_000)}

        assert len(ids) == 10_000
        assert {len(name) for name in ids} == {ID_DIGITS}
