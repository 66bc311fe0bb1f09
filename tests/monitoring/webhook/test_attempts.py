import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme

from monitoring.webhook import addresses
from monitoring.webhook.attempts import MAX_ANSWER_BYTES, Attempt, Message, NotDelivered, Reply, Target
from monitoring.webhook.signatures import signed_headers
from tests.monitoring.webhook.receivers import SECRET, Receiver, receiving
from tests.servers.waiting import wait_until

MESSAGE = Message(message_id="msg_1", body=b'{"type": "test"}')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def serving_as(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def attempt(url: str, *, allows_private: bool = True, seconds: float = 30) -> Attempt:
    return Attempt(Target(url=url, secret=SECRET, allows_private=allows_private), MESSAGE, seconds=seconds)


def local(receiver: Receiver, path: str = "/alerts?to=me") -> str:
    return f"http://127.0.0.1:{receiver.port}{path}"


class TestSignedHeaders:
    def test_are_those_of_the_standards_own_example(self) -> None:
        headers = signed_headers(
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )

        assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class TestAttempt:
    def test_posts_what_a_receiver_can_check(self, receiver: Receiver) -> None:
        reply = attempt(local(receiver)).run()

        (received,) = receiver.received
        assert reply == Reply(204, b"")
        assert (received.path, received.body) == ("/alerts?to=me", MESSAGE.body)
        assert received.is_signed
        assert received.headers["webhook-id"] == "msg_1"
        assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 60
        assert received.headers["content-type"] == "application/json"
        assert received.headers["host"] == f"127.0.0.1:{receiver.port}"

    def test_goes_to_the_first_address_that_answers(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as deaf:
            # Bound, and not listening: who connects is refused.
            deaf.bind(("127.0.0.1", 0))
            places = [deaf.getsockname(), deaf.getsockname(), ("127.0.0.1", receiver.port)]
            found = [addresses.Address(socket.AF_INET, place) for place in places]
            monkeypatch.setattr(addresses, "find", lambda *_, **__: found)

            assert attempt("http://receiver.example/").run().status == 204

            del found[-1]
            with pytest.raises(NotDelivered, match="ConnectionRefused"):
                attempt("http://receiver.example/").run()
        assert len(receiver.received) == 1

    @pytest.mark.parametrize("status", [400, 410, 500, 503])
    def test_takes_only_success_for_success(self, receiver: Receiver, status: int) -> None:
        receiver.status = status

        with pytest.raises(NotDelivered, match=f"answered {status}"):
            attempt(local(receiver)).run()

    def test_reads_only_the_beginning_of_an_answer(self, receiver: Receiver) -> None:
        def answer_at_length(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            while not receiver.ends.is_set():
                handler.wfile.write(b"x" * 1_000_000)

        receiver.behave = answer_at_length

        assert attempt(local(receiver)).run() == Reply(200, b"x" * MAX_ANSWER_BYTES)

    def test_breaks_off_a_receiver_that_hangs(self, receiver: Receiver) -> None:
        receiver.behave = receiver.hang

        with pytest.raises(NotDelivered, match=r"it took longer than 0\.2 s"):
            attempt(local(receiver), seconds=0.2).run()

    def test_breaks_off_a_receiver_that_never_comes_to_its_end(self, receiver: Receiver) -> None:
        def dribble(handler: BaseHTTPRequestHandler) -> None:
            while not receiver.ends.wait(0.01):
                handler.wfile.write(b"H")

        receiver.behave = dribble

        with pytest.raises(NotDelivered, match=r"it took longer than 0\.2 s"):
            attempt(local(receiver), seconds=0.2).run()

    def test_is_broken_off_from_another_thread(self, receiver: Receiver) -> None:
        receiver.behave = receiver.hang
        under_way = attempt(local(receiver))
        reasons: list[str] = []

        def run() -> None:
            with pytest.raises(NotDelivered) as caught:
                under_way.run()
            reasons.append(str(caught.value))

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: bool(receiver.received))
        under_way.break_off("enough")
        thread.join(30)

        assert reasons == ["enough"]

    def test_sends_nothing_once_it_is_broken_off(self, receiver: Receiver) -> None:
        broken_off = attempt(local(receiver))
        broken_off.break_off("enough")

        with pytest.raises(NotDelivered, match="enough"):
            broken_off.run()

        assert receiver.received == []

    def test_says_that_nobody_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))

            with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
                attempt(f"http://localhost:{taken.getsockname()[1]}/").run()


class TestWebhooksToPrivateAddressesCve2026_2393:  # noqa: N801
    @pytest.mark.parametrize("status", [301, 307, 308])
    def test_follows_no_redirect(self, receiver: Receiver, status: int) -> None:
        receiver.status = status
        receiver.headers = {"Location": local(receiver, "/elsewhere")}

        with pytest.raises(NotDelivered, match=f"answered {status}, and redirects are not followed"):
            attempt(local(receiver)).run()

        assert len(receiver.received) == 1

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
    def test_goes_to_no_private_address_unless_that_is_allowed(self, receiver: Receiver, host: str) -> None:
        with pytest.raises(NotDelivered, match="which is not public"):
            attempt(f"http://{host}:{receiver.port}/", allows_private=False).run()

        assert receiver.received == []

    def test_goes_where_was_looked_and_does_not_look_again(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_up = []

        def rebinding(host: str, port: int, **_: Any) -> list[Any]:
            looked_up.append(host)
            address = "127.0.0.1" if len(looked_up) == 1 else "127.0.0.2"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)

        attempt(f"http://name.example:{receiver.port}/").run()

        (received,) = receiver.received
        assert looked_up == ["name.example"]
        assert received.headers["host"] == f"name.example:{receiver.port}"


class TestTls:
    def test_takes_the_certificate_of_the_host(self, authority: trustme.CA) -> None:
        with receiving(serving_as(authority, "localhost")) as receiver:
            attempt(f"https://localhost:{receiver.port}/").run()

        assert receiver.received[0].is_signed

    def test_refuses_that_of_another_host(self, authority: trustme.CA) -> None:
        with (
            receiving(serving_as(authority, "other.example")) as receiver,
            pytest.raises(NotDelivered, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            attempt(f"https://localhost:{receiver.port}/").run()

        assert receiver.received == []

    def test_refuses_one_that_nobody_vouches_for(self, authority: trustme.CA) -> None:
        with (
            receiving(serving_as(trustme.CA(), "localhost")) as receiver,
            pytest.raises(NotDelivered, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            attempt(f"https://localhost:{receiver.port}/").run()

        assert receiver.received == []

    def test_breaks_off_a_receiver_that_never_shakes_hands(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()

            with pytest.raises(NotDelivered, match=r"it took longer than 0\.2 s"):
                attempt(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2).run()
