"""POST /api/stream: a line for a line, while others are still being sent."""

import itertools
import json
import random
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from river import datasets, linear_model, preprocessing

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.databases import tag_of
from tests.servers.exchanging import Exchange, line, settle
from tests.servers.folds import Fold, state_of
from tests.servers.launchers import ForkServer
from tests.servers.resources import MEGABYTE, forget_peak, n_sockets, n_spools, peak_memory
from tests.servers.servers import Server
from tests.servers.test_exactness import as_answered
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

X = {"x": 1.5, "tag": 0}
N_SAMPLES = 300
STOP_SECONDS = 10


def logistic() -> Any:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def post(server: Server, body: bytes) -> list[Any]:
    """Send a body as a whole and return the answers."""
    with server.client() as client:
        answer = client.request("POST", "/api/stream", body)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(text) for text in answer.body.splitlines()]


def tags(server: Server) -> list[Any]:
    """Return the tags of what was learned, in the journal's order."""
    return [tag_of(learn) for learn in server.database.learns("counting")]


def curl(server: Server, file: str) -> list[str]:
    """Return the command that uploads a file; skips the test where there is no curl."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    return [program, "-sS", "-N", "-X", "POST", "-T", file, f"http://localhost:{server.port}/api/stream"]


@pytest.fixture
def counting(client: Client, uploads: Uploads) -> str:
    """A model that counts its learns and predicts their number."""
    client.init("regression")
    return client.upload(uploads.bytes("counting"), "counting")


@pytest.fixture
def exchange(server: Server, counting: str) -> Iterator[Exchange]:
    with Exchange(server.port) as exchange:
        yield exchange


class TestAnswers:
    def test_come_while_the_request_is_still_being_sent(self, exchange: Exchange) -> None:
        response = exchange.begin()
        assert (response.status, response.headers["Content-Type"]) == (200, "application/x-ndjson")

        for n_learns in range(20):
            predicted = exchange.ask(op="predict", features=X)
            assert predicted == {"model": "counting", "prediction": n_learns}
            assert exchange.ask(op="learn", features=X, ground_truth=1) == {}

        assert exchange.finish() == []

    def test_come_for_lines_in_whatever_pieces_they_are_sent(self, exchange: Exchange) -> None:
        body = b"".join(line(features={**X, "n": "é" * n}, ref=n) for n in range(40))
        rng = random.Random(3)

        while body:
            length = rng.randint(1, 200)
            exchange.send(body[:length])
            body = body[length:]

        assert [answer["ref"] for answer in exchange.finish()] == list(range(40))

    def test_are_one_for_each_line_with_refusals_in_their_place(self, server: Server, counting: str) -> None:
        found = post(
            server,
            line(features=X)
            + b"no JSON\n"
            + line(features=X, ground_truth=2)
            + b"\n"
            + line(features=X, ground_truth="two", ref="r")
            + line(features=X, model="nobody")
            + line(op="learn", id=5, ground_truth=1)
            + line(op="learn", ground_truth=1)
            + line(op="forget", features=X)
            + line(features=X, ground_truth=2)[:-1],
        )

        assert [answer.get("error") for answer in found] == [
            None,
            "invalid_request",
            None,
            "invalid_request",
            "invalid_ground_truth",
            "model_not_found",
            "prediction_not_pending",
            "no_features",
            "invalid_request",
            None,
        ]
        for number, answer in enumerate(found, start=1):
            if "error" in answer:
                assert answer["line"] == number
                assert set(answer) - {"ref"} == {"error", "message", "line"}
        assert found[4]["ref"] == "r"
        assert found[6]["message"] == "No information stored for ID '5'."
        assert server.database.seq("counting") == 2

    def test_to_records_of_one_id_report_their_order(self, exchange: Exchange, server: Server) -> None:
        round_of_one = [
            line(id="sensor", features=X),
            line(id="sensor", ground_truth=1),
            line(id="sensor", ground_truth=1),
            line(id="sensor", features=X),
        ]

        exchange.send(b"".join(round_of_one * 50))

        answers = exchange.finish()
        assert [answer["prediction"] for answer in answers[0::4]] == list(range(50))
        assert answers[1::4] == [{}] * 50
        assert {answer["error"] for answer in answers[2::4]} == {"prediction_not_pending"}
        assert [answer["prediction"] for answer in answers[3::4]] == list(range(1, 51))
        assert server.database.pending_ids() == {"sensor"}

    def test_to_an_empty_body_are_none(self, server: Server, counting: str) -> None:
        assert post(server, b"") == []

    def test_come_whatever_the_slash_and_the_content_type(self, client: Client, counting: str) -> None:
        answer = client.request("POST", "/api/stream/", line(features=X), {"Content-Type": "text/plain"})

        assert (answer.status, json.loads(answer.body)["prediction"]) == (200, 0)
        # The connection is as good as new.
        assert client.get("/api/stream").status == 405
        assert client.metrics() == {"MAE": 0.0, "RMSE": 0.0, "SMAPE": 0.0}

    def test_are_none_to_other_sites(self, client: Client, counting: str) -> None:
        answer = client.request(
            "POST", "/api/stream", line(features=X, ground_truth=1), {"Origin": "https://evil.example"}
        )

        assert (answer.status, answer.code) == (403, "cross_site_request")
        assert client.metrics()["MAE"] == 0.0

    def test_of_a_model_that_fails_halfway_cost_the_others_nothing(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        client.init("regression")
        client.upload(uploads.bytes("fragile"), "fragile")

        found = post(server, b"".join(line(features={"bad": n % 5 == 4}, ground_truth=1) for n in range(50)))

        assert [answer.get("error") for answer in found] == [*[None] * 4, "model_raised"] * 10
        model = blobs.loads(client.download("fragile"))
        assert (model.n, model.total) == (40, 40.0)


class TestExactness:
    def test_by_id(self, server: Server, client: Client) -> None:
        client.init("binary")
        client.upload(logistic(), "model")
        samples = list(datasets.Phishing().take(N_SAMPLES))
        fold = Fold(logistic(), "binary")

        # One ground truth comes at once, the other 20 samples later.
        lines = []
        expected = []
        for number, (x, _) in enumerate(samples):
            lines.append(line(id=number, features=x))
            prediction = fold.model.predict_proba_one(x)
            expected.append((number, prediction))
            late = [number] if number % 2 else [number - 20] if number >= 20 else []
            for learned in late:
                lines.append(line(id=learned, ground_truth=bool(samples[learned][1])))
                fold.learn(samples[learned][0], bool(samples[learned][1]), dict(expected)[learned])

        found = [answer for answer in post(server, b"".join(lines)) if answer]

        assert [answer for answer in found if "error" in answer] == []
        assert [answer["prediction"] for answer in found] == [
            as_answered(reported) for _, reported in expected
        ]
        assert client.metrics() == client.metrics("model") == fold.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(fold.model)
        assert server.database.seq("model") == fold.seq

    def test_with_features_and_without_a_pending_row(self, server: Server, client: Client) -> None:
        client.init("binary")
        client.upload(logistic(), "model")
        fold = Fold(logistic(), "binary")
        samples = [(x, bool(y)) for x, y in datasets.Phishing().take(N_SAMPLES)]

        found = post(server, b"".join(line(features=x, ground_truth=y) for x, y in samples))

        for x, y in samples:
            fold.learn(x, y, fold.model.predict_proba_one(x))
        assert found == [{}] * N_SAMPLES
        assert client.metrics() == fold.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(fold.model)
        assert server.database.pending_ids() == set()

    def test_of_several_models_side_by_side(self, server: Server, client: Client) -> None:
        client.init("regression")
        folds = {
            f"rate-{rate}": Fold(linear_model.LinearRegression(intercept_lr=rate), "regression")
            for rate in (0.01, 0.02, 0.03)
        }
        for name, fold in folds.items():
            client.upload(fold.model, name)
        lines, expected = [], []
        for number, (x, y) in enumerate(datasets.TrumpApproval().take(N_SAMPLES)):
            name = list(folds)[number % len(folds)]
            prediction = folds[name].model.predict_one(x)
            folds[name].learn(x, y, prediction)
            expected.append({"model": name, "prediction": prediction})
            lines += [line(id=number, features=x, model=name), line(id=number, ground_truth=y)]

        found = post(server, b"".join(lines))

        assert found[0::2] == expected
        assert found[1::2] == [{}] * N_SAMPLES
        for name, fold in folds.items():
            assert client.metrics(name) == fold.scores.values()


class TestClients:
    def test_with_requests_may_send_everything_before_they_read(self, start: Start, uploads: Uploads) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        n_lines, size = 40_000, 4_000
        ref = "r" * size
        one = line(features=X, ref=ref)
        url = f"http://localhost:{server.port}/api/stream"
        requests.post(url, data=one * 2000, timeout=60).raise_for_status()
        before = forget_peak(server.pid)

        with requests.post(url, data=itertools.repeat(one, n_lines), stream=True, timeout=60) as response:
            lengths = Counter(len(text) for text in response.iter_lines(chunk_size=MEGABYTE))

        # More than the buffers of two sockets hold, and than the server keeps in memory.
        assert sum(length * n for length, n in lengths.items()) > 140 * MEGABYTE
        assert list(lengths.values()) == [n_lines]
        assert peak_memory(server.pid) - before < 70 * MEGABYTE
        wait_until(lambda: n_spools(server.pid) == 0)

    def test_with_httpx_get_each_answer_as_a_line(self, server: Server, counting: str) -> None:
        def records() -> Iterator[bytes]:
            for number in range(5000):
                yield line(features={"tag": number}, ground_truth=number, ref=number)

        with httpx.stream(
            "POST", f"http://localhost:{server.port}/api/stream", content=records()
        ) as response:
            found = [json.loads(text) for text in response.iter_lines()]

        assert found == [{"ref": number} for number in range(5000)]
        assert tags(server) == list(range(5000))

    def test_with_curl_send_what_is_piped_to_it(self, server: Server, counting: str) -> None:
        body = b"".join(line(features={"tag": n}, ground_truth=1, ref=n) for n in range(3000))

        done = subprocess.run(curl(server, "-"), input=body, capture_output=True, check=True)

        assert [json.loads(text) for text in done.stdout.splitlines()] == [{"ref": n} for n in range(3000)]
        assert tags(server) == list(range(3000))

    def test_with_curl_talk_line_by_line(self, server: Server, counting: str) -> None:
        # The dot is a standard input that curl does not wait for while there are answers.
        with subprocess.Popen(curl(server, "."), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for number in range(10):
                process.stdin.write(line(features=X, ground_truth=1, ref=number))
                process.stdin.flush()
                assert json.loads(process.stdout.readline()) == {"ref": number}
            process.stdin.close()
            assert process.stdout.read() == b""
        assert process.returncode == 0

    def test_that_never_read_hold_up_nobody_else(self, server: Server, client: Client, counting: str) -> None:
        with Exchange(server.port) as exchange:
            one = line(features=X, ground_truth=1, ref="r" * 1000)
            for _ in range(40):
                exchange.send(one * 500)

            wait_until(lambda: server.database.seq("counting") == 20_000)
            assert client.predict(features=X).json["prediction"] == 20_000
            # It was only late.
            assert len(exchange.finish()) == 20_000

    def test_that_break_off_have_done_what_they_were_answered(
        self, server: Server, client: Client, counting: str
    ) -> None:
        n_lines, n_answers = 3000, 10
        sockets = n_sockets(server.pid)
        exchange = Exchange(server.port)
        exchange.send(b"".join(line(features={"tag": n}, ground_truth=1) for n in range(n_lines)))
        # JSON that lacks nothing but its line's end.
        exchange.send(line(features={"tag": -1}, ground_truth=1)[:-1])
        for _ in range(n_answers):
            assert exchange.answer() == {}

        exchange.break_off()

        wait_until(lambda: n_sockets(server.pid) <= sockets)
        settle(server, "counting")
        learned_tags = tags(server)
        assert len(learned_tags) >= n_answers
        assert learned_tags == list(range(len(learned_tags)))
        fold = Fold(_Count(), "regression")
        for tag in learned_tags:
            fold.learn({}, 1, tag)
        assert client.metrics() == fold.scores.values()
        assert blobs.loads(client.download("counting")).tags == learned_tags

    def test_may_be_many(self, server: Server, counting: str) -> None:
        n_clients, n_lines = 8, 500
        answers: dict[int, list[Any]] = {}

        def talk(number: int) -> None:
            body = b"".join(
                line(id=f"{number}-{n}", features={"tag": n}, ref=n)
                + line(id=f"{number}-{n}", ground_truth=1)
                for n in range(n_lines)
            )
            answers[number] = post(server, body)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(n_clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for number in range(n_clients):
            assert [answer["ref"] for answer in answers[number][0::2]] == list(range(n_lines))
            assert answers[number][1::2] == [{}] * n_lines
        assert server.database.seq("counting") == n_clients * n_lines


class _Count:
    """Learns nothing."""

    def learn_one(self, x: object, y: object) -> None:
        pass


class TestLongLines:
    def test_are_refused_and_the_rest_goes_on(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        limit = 200_000
        server = start(launcher=forks, MAX_BODY_BYTES=str(limit))
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        before = forget_peak(server.pid)

        with Exchange(server.port) as exchange:
            assert exchange.ask(features=X, ground_truth=1, ref="r" * (limit - 100))["ref"]
            exchange.send(line(features=X, ref="r" * limit))
            for _ in range(100):
                exchange.send(b"x" * MEGABYTE)
            exchange.send(b"\n" + line(features=X))
            found = exchange.finish()

        assert [answer.get("error") for answer in found] == ["invalid_request"] * 2 + [None]
        assert [answer.get("line") for answer in found] == [2, 3, None]
        assert found[0]["message"] == f"A line must not exceed {limit} bytes."
        assert found[2]["prediction"] == 1
        assert peak_memory(server.pid) - before < 50 * MEGABYTE


class TestFailures:
    def test_of_the_database_are_reported_line_by_line_and_pass(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks, DATABASE_TIMEOUT="0.1")
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")

        with Exchange(server.port) as exchange:
            assert exchange.ask(features=X, ground_truth=1) == {}
            assert exchange.ask(features=X, id="kept")["prediction"] == 1
            with server.database.locked():
                refused = [exchange.ask(features=X, ground_truth=1), exchange.ask(id="kept", ground_truth=1)]
                # What writes nothing needs no lock.
                assert exchange.ask(features=X)["prediction"] == 1
            assert [answer["error"] for answer in refused] == ["storage_unavailable"] * 2
            assert [answer["line"] for answer in refused] == [3, 4]
            assert exchange.ask(id="kept", ground_truth=1) == {}
            assert exchange.ask(features=X)["prediction"] == 2
            assert exchange.finish() == []

    @pytest.mark.parametrize("n_answers", [1, 700, 2500])
    def test_of_the_process_lose_nothing_that_was_answered(
        self, start: Start, forks: ForkServer, uploads: Uploads, n_answers: int
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        sent = threading.Thread(target=_send_without_end, args=(exchange := Exchange(server.port),))
        sent.start()
        learned: list[int] = []
        pending: list[int] = []
        for _ in range(n_answers):
            answer = exchange.answer()
            (learned if "prediction" not in answer else pending).append(answer["ref"])

        server.kill()
        # Answers that were on their way count as well.
        for answer in _until_broken(exchange):
            (learned if "prediction" not in answer else pending).append(answer["ref"])
        sent.join()
        exchange.close()
        server.start()

        learned_tags = tags(server)
        assert len(learned) + len(pending) >= n_answers
        assert learned_tags[: len(learned)] == learned == [2 * n for n in range(len(learned))]
        assert {f"p{ref}" for ref in pending} <= server.database.pending_ids()
        with server.client() as client:
            assert blobs.loads(client.download("counting")).tags == learned_tags


def _send_without_end(exchange: Exchange) -> None:
    try:
        for n in itertools.count(step=2):
            exchange.send(
                line(features={"tag": n}, ground_truth=1, ref=n) + line(features=X, id=f"p{n + 1}", ref=n + 1)
            )
    except OSError:
        pass


def _until_broken(exchange: Exchange) -> Iterator[Any]:
    try:
        while (answer := exchange.answer()) is not None:
            yield answer
    except (OSError, ValueError):
        # Cut off, in the middle of a line perhaps.
        pass


class TestStop:
    def test_ends_open_streams_and_says_where(self, start: Start, uploads: Uploads) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        with Exchange(server.port) as idle, Exchange(server.port) as busy:
            assert idle.ask(features=X)["prediction"] == 0
            sent = threading.Thread(target=_send_without_end, args=(busy,))
            sent.start()
            answers = [busy.answer() for _ in range(1000)]

            assert server.stop(STOP_SECONDS) == 0, server.log

            assert idle.rest() == [
                {"error": "server_stopping", "message": "The server is stopping.", "line": 2}
            ]
            answers += _until_broken(busy)
            sent.join()

        learned = [answer["ref"] for answer in answers if set(answer) == {"ref"}]
        assert tags(server)[: len(learned)] == learned
        assert server.database.snapshot_seqs("counting")[-1] == server.database.seq("counting")
        assert server.complaints == []

    def test_does_not_wait_for_a_model_that_is_slow(self, start: Start, uploads: Uploads) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("slow"), "slow")
        with Exchange(server.port) as exchange:
            # More than it can do in the time that there is.
            exchange.send(line(features={}, ground_truth=1) * 2000)
            assert exchange.answer() == {}
            server.may_complain = True

            assert server.stop(STOP_SECONDS) == 0, server.log

            n_answers = 1 + sum(answer == {} for answer in _until_broken(exchange))
        assert 1 <= n_answers <= server.database.seq("slow") < 2000
