"""The load generator, against the server that answers at once."""

import socket
import threading

import pytest

from benchmarks import streams, wire
from benchmarks.load import LoadError, parse_answer
from benchmarks.measuring import Bench, run_pairs, run_predictions
from benchmarks.servers import Canned
from benchmarks.wire import Requests
from benchmarks.workloads import Workload


class TestPairs:
    def test_are_made_once_each_whatever_the_number_of_connections(
        self, canned: Canned, workload: Workload
    ) -> None:
        exchanges, _ = run_pairs(canned.port, [Requests(workload)] * 3, iter(range(100)), seconds=60)

        assert sorted(pair.number for own in exchanges for pair in own) == list(range(100))
        assert {pair.learned[0] for own in exchanges for pair in own} == {201}

    def test_end_with_the_time(self, canned: Canned, workload: Workload) -> None:
        answers, _ = run_predictions(canned.port, [Requests(workload)] * 2, seconds=0.05)

        assert sorted(number for number, _ in answers) == list(range(len(answers)))
        assert len(answers) > 2

    def test_fail_where_the_connection_breaks(self, workload: Workload) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=_close, args=(listener,)).start()

            with pytest.raises((LoadError, OSError)):
                run_pairs(listener.getsockname()[1], [Requests(workload)], iter(range(1)), seconds=1)


class TestAnswers:
    ANSWER = b"HTTP/1.1 201 Created\r\nServer: x\r\ncontent-length: 4\r\n\r\nbody"

    def test_are_complete_with_their_last_byte_only(self) -> None:
        for end in range(len(self.ANSWER)):
            assert parse_answer(self.ANSWER[:end]) is None
        assert parse_answer(self.ANSWER) == (201, b"body")

    def test_without_a_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="without a length"):
            parse_answer(b"HTTP/1.1 200 OK\r\n\r\n")


class TestRequests:
    def test_have_the_length_that_they_state(self, workload: Workload) -> None:
        for requests in (Requests(workload), Requests(workload, ["m0", "m1"])):
            for number in (0, 1, 999_999):
                for request in (
                    requests.predict(number),
                    requests.learn(number),
                    requests.predict_only(number),
                ):
                    head, _, body = request.partition(b"\r\n\r\n")
                    assert f"Content-Length: {len(body)}".encode() in head.splitlines()

    def test_go_to_the_models_in_turn(self, workload: Workload) -> None:
        requests = Requests(workload, ["m0", "m1"])

        assert b'"model":"m1"' in requests.predict(3)
        assert b'"model":"m0"' in requests.predict_only(4)


class TestStreams:
    def test_of_lines_get_an_answer_a_line(self, canned: Canned, workload: Workload) -> None:
        lines = b"".join(wire.learn_object(workload.sample(n)) + b"\n" for n in range(2_000))
        chunks = wire.chunks(lines)

        streamed = streams.send_ndjson(canned.port, "/api/stream", chunks, timeout=60)

        # Lines are cut by the chunks' ends.
        assert len(chunks) > 3
        assert streamed.answers == [{}] * 2_000

    @pytest.mark.parametrize("n_records", [1, 100])
    def test_of_messages_get_an_answer_a_record(
        self, canned: Canned, workload: Workload, n_records: int
    ) -> None:
        outcome = Bench(seconds=1, serial_quota={}).messages(canned, workload, n_records)

        assert outcome.n == (workload.n_stream if n_records > 1 else workload.n_stream // 4)

    def test_that_are_refused_fail(self, workload: Workload) -> None:
        refusal = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=_answer, args=(listener, refusal)).start()

            with pytest.raises(LoadError, match="404"):
                streams.send_ndjson(
                    listener.getsockname()[1], "/api/stream", wire.chunks(b"{}\n"), timeout=30
                )


def _close(listener: socket.socket) -> None:
    listener.accept()[0].close()


def _answer(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)
        connection.recv(65_536)
