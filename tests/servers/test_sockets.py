"""ws://.../ws/stream: records as messages, many in flight."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from river import datasets, linear_model, preprocessing
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.databases import tag_of
from tests.servers.exchanging import settle
from tests.servers.folds import Fold, state_of
from tests.servers.launchers import ForkServer
from tests.servers.resources import MEGABYTE, forget_peak, n_sockets, peak_memory
from tests.servers.servers import Server
from tests.servers.test_exactness import as_answered
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

X = {"x": 1.5, "tag": 0}
TIMEOUT_SECONDS = 60
STOP_SECONDS = 10


def address(server: Server, path: str = "/ws/stream") -> str:
    return f"ws://localhost:{server.port}{path}"


def open_socket(server: Server, path: str = "/ws/stream", origin: str | None = None) -> ClientConnection:
    """Connect; the caller closes."""
    return connect(address(server, path), origin=origin, max_size=None, proxy=None)  # type: ignore[arg-type]


def answer(connection: ClientConnection) -> Any:
    """Return the next answer."""
    return json.loads(connection.recv(TIMEOUT_SECONDS))


def ask(connection: ClientConnection, message: object) -> Any:
    """Send a record, or a list of them, and return the answer."""
    connection.send(json.dumps(message))
    return answer(connection)


def tags(server: Server) -> list[Any]:
    """Return the tags of what was learned, in the journal's order."""
    return [tag_of(learn) for learn in server.database.learns("counting")]


@pytest.fixture
def counting(client: Client, uploads: Uploads) -> str:
    """A model that counts its learns and predicts their number."""
    client.init("regression")
    return client.upload(uploads.bytes("counting"), "counting")


@pytest.fixture
def connection(server: Server, counting: str) -> Iterator[ClientConnection]:
    with open_socket(server) as connection:
        yield connection


class TestMessages:
    def test_are_a_record_or_a_list(self, connection: ClientConnection, server: Server) -> None:
        assert ask(connection, {"features": X}) == {"model": "counting", "prediction": 0}
        assert ask(connection, {"features": X, "ground_truth": 1, "ref": [1]}) == {"ref": [1]}
        assert ask(connection, []) == []
        found = ask(
            connection,
            [
                {"op": "predict", "id": 1, "features": X, "ref": 1},
                {"op": "learn", "id": 1, "ground_truth": 1, "ref": 2},
                {"op": "learn", "id": 1, "ground_truth": 1, "ref": 3},
                {"features": X, "ref": 4},
            ],
        )

        assert [record["ref"] for record in found] == [1, 2, 3, 4]
        assert found[0]["prediction"] == 1
        assert found[2]["error"] == "prediction_not_pending"
        assert found[3]["prediction"] == 2
        assert server.database.seq("counting") == 2
        assert server.database.pending_ids() == set()

    @pytest.mark.parametrize(
        "message",
        ["no JSON", "", "5", '{"features": 5}', '{"ref": 1', b"\xff", b'{"features": {}, "ref": "\xff"}'],
        ids=repr,
    )
    def test_that_are_bad_are_refused_and_the_rest_goes_on(
        self, connection: ClientConnection, message: str | bytes
    ) -> None:
        connection.send(message)

        assert answer(connection)["error"] == "invalid_request"
        assert ask(connection, {"features": X})["prediction"] == 0

    def test_may_be_bytes_and_come_in_fragments(self, connection: ClientConnection) -> None:
        connection.send(json.dumps({"features": X, "ref": "bytes"}).encode())
        connection.send(['{"features": {}, ', '"ref": "frag', 'ments"}'])

        assert [answer(connection)["ref"] for _ in range(2)] == ["bytes", "fragments"]

    def test_in_flight_are_answered_in_their_order(
        self, connection: ClientConnection, server: Server
    ) -> None:
        n_messages = 3000

        def send() -> None:
            for number in range(n_messages):
                record = {"features": {"tag": number}, "ground_truth": 1, "ref": number}
                connection.send(json.dumps([record] if number % 3 else record))

        sending = threading.Thread(target=send)
        sending.start()
        found = [answer(connection) for _ in range(n_messages)]
        sending.join()

        assert found == [[{"ref": number}] if number % 3 else {"ref": number} for number in range(n_messages)]
        assert tags(server) == list(range(n_messages))

    def test_give_what_a_bare_loop_gives(self, server: Server, client: Client) -> None:
        def model() -> Any:
            return preprocessing.StandardScaler() | linear_model.LogisticRegression()

        client.init("binary")
        client.upload(model(), "model")
        fold = Fold(model(), "binary")
        samples = [(x, bool(y)) for x, y in datasets.Phishing().take(300)]

        with open_socket(server) as connection:
            for number, (x, y) in enumerate(samples):
                # By id and with its features, in turn.
                connection.send(json.dumps({"id": number, "features": x}))
                late = {"id": number} if number % 2 else {"features": x}
                connection.send(json.dumps({**late, "ground_truth": y}))
            for x, y in samples:
                prediction = fold.model.predict_proba_one(x)
                assert answer(connection)["prediction"] == as_answered(prediction)
                assert answer(connection) == {}
                fold.learn(x, y, prediction)

        assert client.metrics() == fold.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(fold.model)


class TestLimits:
    def test_close_the_connection_of_a_list_that_is_too_long(
        self, connection: ClientConnection, server: Server
    ) -> None:
        one = {"features": X, "ground_truth": 1}
        assert ask(connection, [one] * 10_000) == [{}] * 10_000

        connection.send(json.dumps(one))
        connection.send(json.dumps([one] * 10_001))

        # What came before has its answer.
        assert answer(connection) == {}
        with pytest.raises(ConnectionClosed) as closed:
            answer(connection)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert server.database.seq("counting") == 10_001

    def test_close_the_connection_of_a_message_that_is_too_large(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks, MAX_BODY_BYTES="2000")
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")

        with open_socket(server) as connection:
            assert ask(connection, {"features": X, "ref": "r" * 1900})["prediction"] == 0
            connection.send(json.dumps({"features": X, "ref": "r" * 2000}))
            with pytest.raises(ConnectionClosed) as closed:
                answer(connection)

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


class TestClients:
    def test_of_other_sites_are_refused(self, start: Start, forks: ForkServer, uploads: Uploads) -> None:
        server = start(launcher=forks)
        # Uvicorn takes a refusal with a body for a handshake that is not complete, and says so.
        server.may_complain = True
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        for origin in ("https://evil.example", "null", "http://localhost:1"):
            with pytest.raises(InvalidStatus) as refused:
                open_socket(server, origin=origin)
            assert refused.value.response.status_code == 403

        with open_socket(server, origin=f"http://localhost:{server.port}") as connection:
            assert ask(connection, {"features": X})["prediction"] == 0

    @pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/streams", "/api/stream", "/", "/ws/stream/x"])
    def test_elsewhere_are_refused(self, server: Server, path: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            open_socket(server, path)

        assert refused.value.response.status_code == 404
        assert refused.value.response.headers["Error-Code"] == "not_found"

    def test_with_unknown_parameters_are_refused(self, server: Server) -> None:
        with pytest.raises(InvalidStatus) as refused:
            open_socket(server, "/ws/stream?model=m")

        response = refused.value.response
        assert (response.status_code, response.headers["Error-Code"]) == (400, "invalid_request")
        assert json.loads(response.body) == {"message": {"model": ["unknown parameter"]}}

    def test_may_end_the_path_with_a_slash(self, server: Server, counting: str) -> None:
        with open_socket(server, "/ws/stream/") as connection:
            assert ask(connection, {"features": X})["prediction"] == 0

    def test_that_never_read_are_not_read_either(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
            sockets, before = n_sockets(server.pid), forget_peak(server.pid)

            with open_socket(server) as connection:
                # The client's own buffer is full after a few answers; from then on nothing is read.
                n_sent = send_until_stuck(
                    connection, json.dumps({"features": X, "ref": "r" * 100_000}), limit=4000
                )

                assert n_sent < 1000
                assert peak_memory(server.pid) - before < 70 * MEGABYTE
                assert client.predict(features=X).json["prediction"] == 0

            # It has given up, with answers on their way.
            wait_until(lambda: n_sockets(server.pid) <= sockets)
            assert client.predict(features=X).status == 200
        assert server.stop(STOP_SECONDS) == 0

    @pytest.mark.parametrize("n_answers", [0, 1, 20])
    def test_that_vanish_leave_what_they_were_answered(
        self, server: Server, counting: str, n_answers: int
    ) -> None:
        sockets = n_sockets(server.pid)
        with open_socket(server) as connection:
            for first in range(0, 3000, 50):
                learns = [{"features": {"tag": tag}, "ground_truth": 1} for tag in range(first, first + 50)]
                connection.send(json.dumps(learns))
            for _ in range(n_answers):
                assert answer(connection) == [{}] * 50

            reset(connection)

        wait_until(lambda: n_sockets(server.pid) <= sockets)
        settle(server, counting)
        learned = tags(server)
        assert len(learned) >= 50 * n_answers
        assert learned == list(range(len(learned)))

    def test_that_a_stop_cuts_off_are_reported(self, start: Start, uploads: Uploads) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        with open_socket(server) as idle, open_socket(server) as busy:
            assert ask(idle, {"features": X})["prediction"] == 0
            learned: list[int] = []
            sending = threading.Thread(target=send_learns, args=(busy,))
            sending.start()
            learned += [answer(busy)["ref"] for _ in range(500)]

            assert server.stop(STOP_SECONDS) == 0, server.log

            with pytest.raises(ConnectionClosed) as closed:
                answer(idle)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            learned += rest_of(busy)
            sending.join()

        assert tags(server)[: len(learned)] == learned == list(range(len(learned)))
        assert server.database.snapshot_seqs("counting")[-1] == server.database.seq("counting")
        assert server.complaints == []

    @pytest.mark.parametrize("n_answers", [1, 1500])
    def test_lose_nothing_that_was_answered_when_the_process_dies(
        self, start: Start, forks: ForkServer, uploads: Uploads, n_answers: int
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
        with open_socket(server) as connection:
            sending = threading.Thread(target=send_learns, args=(connection,))
            sending.start()
            learned = [answer(connection)["ref"] for _ in range(n_answers)]

            server.kill()
            learned += rest_of(connection)
            sending.join()
        server.start()

        assert tags(server)[: len(learned)] == learned == list(range(len(learned)))
        with server.client() as client:
            assert blobs.loads(client.download("counting")).tags == tags(server)


def send_until_stuck(connection: ClientConnection, message: str, limit: int) -> int:
    """Send a message again and again until nobody takes it; return how often, `limit` at the most."""
    connection.socket.settimeout(2)
    for n_sent in range(limit):
        try:
            connection.send(message)
        except (ConnectionClosed, TimeoutError):
            return n_sent
    return limit


def reset(connection: ClientConnection) -> None:
    """Drop the connection as a process does that dies."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close_socket()


def send_learns(connection: ClientConnection) -> None:
    """Send learns until the connection breaks."""
    number = 0
    try:
        while True:
            connection.send(json.dumps({"features": {"tag": number}, "ground_truth": 1, "ref": number}))
            number += 1
    except (ConnectionClosed, OSError):
        pass


def rest_of(connection: ClientConnection) -> list[int]:
    """Return what else was learned before the connection broke."""
    found = []
    try:
        while True:
            found.append(answer(connection)["ref"])
    except (ConnectionClosed, OSError):
        return found
