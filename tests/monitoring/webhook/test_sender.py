import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client

from monitoring.models import AlertDelivery
from monitoring.webhook import outbox
from monitoring.webhook.attempts import Target
from monitoring.webhook.sender import Sender
from tests.monitoring.webhook.receivers import SECRET, Receiver, receiving
from tests.servers.waiting import wait_until

START = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def sender(receiver: Receiver, clock: Clock) -> Iterator[Sender]:
    started = new_sender(receiver, clock)
    yield started
    started.stop()


def new_sender(receiver: Receiver, clock: Clock) -> Sender:
    url = f"http://127.0.0.1:{receiver.port}/"
    return Sender(Target(url=url, secret=SECRET, allows_private=True), now=clock)


def put(*numbers: int, now: datetime = START) -> None:
    alert = {"kind": "drift", "source": "error", "model": "<b>", "seq": 1_000}
    bodies = [outbox.message_body("alert.opened", time=now, data={**alert, "n": n}) for n in numbers]
    with transaction.atomic():
        outbox.put(bodies, now=now)


def states() -> list[str]:
    return [delivery.state for delivery in AlertDelivery.objects.order_by("pk")]


class TestSender:
    def test_delivers_what_is_due_once_and_in_order(self, receiver: Receiver, sender: Sender) -> None:
        put(1, 2, 3)

        sender.wake()
        wait_until(lambda: states() == ["delivered"] * 3)
        sender.wake()
        put(4)
        sender.wake()
        wait_until(lambda: states() == ["delivered"] * 4)

        assert [received.json["data"]["n"] for received in receiver.received] == [1, 2, 3, 4]
        assert all(received.is_signed for received in receiver.received)
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 4

    def test_tries_again_later_with_the_same_id(
        self, receiver: Receiver, sender: Sender, clock: Clock
    ) -> None:
        receiver.status = 500
        put(1)

        sender.wake()
        wait_until(lambda: AlertDelivery.objects.get().n_attempts == 1)
        failed = AlertDelivery.objects.get()
        receiver.status = 200
        clock.now += timedelta(seconds=8)
        sender.wake()
        wait_until(lambda: states() == ["delivered"])

        first, second = receiver.received
        assert failed.state == "waiting"
        assert "500" in failed.last_error
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert outbox.counts() == {"waiting": 0, "delivered": 1, "given_up": 0, "failed": 1}

    def test_gives_up_in_the_end_and_keeps_it(
        self, receiver: Receiver, sender: Sender, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        receiver.status = 503
        put(1)

        for n in range(1, 100):
            sender.wake()
            wait_until(lambda: outbox.counts()["failed"] == n)  # noqa: B023
            due_at = AlertDelivery.objects.get().next_attempt_at
            if due_at is None:
                break
            assert due_at > clock.now
            clock.now = due_at

        assert states() == ["given up"]
        assert timedelta(days=2) < clock.now - START <= outbox.GIVES_UP_AFTER
        assert 10 < n < 40
        assert outbox.counts() == {"waiting": 0, "delivered": 0, "given_up": 1, "failed": n}
        # It is logged once it is written down.
        wait_until(lambda: "is given up" in caplog.text)

    def test_leaves_to_the_next_start_what_is_broken_off(
        self, receiver: Receiver, sender: Sender, clock: Clock
    ) -> None:
        receiver.behave = receiver.hang
        put(1, 2)

        sender.wake()
        wait_until(lambda: len(receiver.received) == 1)
        sender.stop()
        wait_until(lambda: outbox.claim_next(now=START) is not None)
        receiver.behave = None
        clock.now += timedelta(hours=1)
        next_start = new_sender(receiver, clock)
        next_start.wake()
        wait_until(lambda: states() == ["delivered"] * 2)
        next_start.stop()

        assert sorted(received.json["data"]["n"] for received in receiver.received) == [1, 1, 2]

    def test_starts_nothing_after_its_end(self, receiver: Receiver, sender: Sender) -> None:
        sender.stop()
        put(1)

        sender.wake()

        assert sender._thread is None

    def test_goes_on_after_the_database_was_not_to_be_had(
        self, sender: Sender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "monitoring.webhook")
        put(1)
        with monkeypatch.context() as patched:
            patched.setattr(AlertDelivery._meta, "db_table", "gone")
            sender.wake()
            wait_until(lambda: "put off" in caplog.text)
        sender.wake()

        wait_until(lambda: states() == ["delivered"])


class TestOutbox:
    def test_hands_a_message_to_one_alone_and_again_when_that_one_has_died(self) -> None:
        put(1)

        assert outbox.claim_next(now=START) is not None
        assert outbox.claim_next(now=START) is None
        assert outbox.claim_next(now=START + timedelta(hours=1)) is not None

    def test_waits_longer_after_each_failure(self) -> None:
        pauses = [outbox.pause(n) for n in range(1, 40)]

        assert outbox.FIRST_PAUSE / 2 <= pauses[0] <= outbox.FIRST_PAUSE * 1.5
        assert pauses[0] < pauses[2] < pauses[4]
        assert max(pauses) <= outbox.LONGEST_PAUSE * 1.5

    def test_does_not_have_all_tried_again_at_the_same_moment(self) -> None:
        assert len({outbox.pause(3) for _ in range(20)}) > 1


class TestAdmin:
    def test_lists_deliveries(self, client: Client) -> None:
        user = get_user_model()._default_manager.create_superuser("root")
        client.force_login(user)
        put(1)
        delivery = AlertDelivery.objects.get()

        listed = client.get("/admin/monitoring/alertdelivery/").content.decode()
        shown = client.get(f"/admin/monitoring/alertdelivery/{delivery.pk}/change/").content.decode()

        assert "drift of error in &lt;b&gt; at 1,000" in listed
        assert "waiting" in listed
        assert delivery.message_id in shown
