"""Events from server to server."""

import logging
from collections.abc import Callable

import pytest

from models_app.relays import receiving, sending
from models_app.relays.seals import NotOurs, Seal, Told
from models_app.relays.tokens import draw_token
from tests.redis_servers import RedisServer
from tests.relays.conftest import SECRET, End
from tests.servers.waiting import wait_until

MakeEnd = Callable[..., End]


class TestEvents:
    def test_come_to_other_servers_once_and_in_order(
        self, make_end: MakeEnd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Many messages at a time.
        monkeypatch.setattr(sending, "_MESSAGE_BYTES", 1000)
        one, two, three = make_end(), make_end(), make_end()
        for other in (two, three):
            other.listen_to(one)
        wait_until(lambda: all(each.receiver._is_subscribed for each in (two, three)))

        for number in range(0, 3000, 3):
            one.tell(number, number + 1, number + 2)
        wait_until(lambda: len(two.heard.events) == len(three.heard.events) == 3000)

        assert two.heard.numbers == three.heard.numbers == list(range(3000))
        assert (two.heard.n_gaps, three.heard.n_gaps, one.heard.events) == (0, 0, [])

    def test_are_told_to_nobody_while_only_their_own_server_listens(self, make_end: MakeEnd) -> None:
        one, two = make_end(), make_end()
        one.heard.wants = True
        wait_until(lambda: one.receiver._is_subscribed)
        wait_until(two.sender.wants_events)
        looked_at = one.sender._looked_at
        wait_until(lambda: one.sender._looked_at > looked_at)
        assert not one.sender.wants_events()

        two.listen_to(one)
        one.tell(1)
        two.tell(2)
        wait_until(lambda: bool(two.heard.events and one.heard.events))

        assert (one.heard.numbers, two.heard.numbers) == ([2], [1])

    def test_are_not_wanted_any_more_when_the_last_one_has_left(self, make_end: MakeEnd) -> None:
        one, two = make_end(), make_end()
        two.listen_to(one)
        two.heard.wants = False

        wait_until(lambda: not one.sender.wants_events())

    def test_that_are_left_go_out_at_the_end(self, make_end: MakeEnd) -> None:
        one, two = make_end(), make_end()
        two.listen_to(one)
        wait_until(lambda: two.receiver._is_subscribed)

        one.tell(*range(100))
        one.end()
        wait_until(lambda: len(two.heard.events) == 100)

    def test_are_of_the_servers_on_one_database(self, make_end: MakeEnd) -> None:
        one, stranger = make_end(), make_end(secret="of another one")
        stranger.heard.wants = True
        wait_until(lambda: stranger.receiver._is_subscribed)
        looked_at = one.sender._looked_at
        wait_until(lambda: one.sender._looked_at > looked_at)

        assert not one.sender.wants_events()


class TestALoss:
    def test_of_redis_is_told_and_got_over(
        self, make_end: MakeEnd, redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        one, two = make_end(), make_end()
        two.listen_to(one)
        one.tell(1)
        wait_until(lambda: two.heard.numbers == [1])
        redis.kill()
        wait_until(lambda: two.heard.n_gaps > 0)
        wait_until(lambda: not one.sender.wants_events())
        n_gaps = two.heard.n_gaps
        one.tell(2)
        redis.start()
        wait_until(lambda: two.heard.n_gaps > n_gaps)
        wait_until(one.sender.wants_events)
        one.tell(3)
        wait_until(lambda: two.heard.numbers == [1, 3])

        said = [record.getMessage() for record in caplog.records]
        for what in ("sending", "receiving"):
            lost = [text for text in said if text.startswith(f"Redis is away, the {what} of events waits")]
            # One of the other server, whom nobody listens to.
            assert 1 <= len(lost) <= 2
            assert f"Redis is there again: the {what} of events goes on." in said

    def test_of_one_connection_is_told_and_got_over(self, make_end: MakeEnd, redis: RedisServer) -> None:
        one, two = make_end(), make_end()
        two.listen_to(one)
        with redis.client() as client:
            client.client_kill_filter(_type="pubsub")

        wait_until(lambda: two.heard.n_gaps >= 2)
        wait_until(one.sender.wants_events)
        one.tell(1)
        wait_until(lambda: two.heard.numbers == [1])

    def test_of_a_redis_that_says_nothing_keeps_no_engine_waiting(
        self, make_end: MakeEnd, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiving, "_PING_SECONDS", 0.1)
        monkeypatch.setattr(receiving, "_SILENT_SECONDS", 0.5)
        options = "?socket_timeout=0.2&socket_connect_timeout=0.2"
        one, two = make_end(options), make_end(options)
        two.listen_to(one)
        redis.hold()
        try:
            for number in range(1000):
                # Where it waited for Redis, that would take longer than a test may.
                one.tell(number)
            wait_until(lambda: one.sender._is_heard is None)
            wait_until(lambda: two.heard.n_gaps > 0)
            n_gaps = two.heard.n_gaps
        finally:
            redis.go_on()
        wait_until(lambda: two.heard.n_gaps > n_gaps)
        wait_until(one.sender.wants_events)
        one.tell(5000)
        wait_until(lambda: two.heard.numbers[-1:] == [5000])

        # What Redis has taken before it stood still may come, once.
        numbers = two.heard.numbers
        assert numbers == sorted(set(numbers))

    def test_of_what_is_too_much_is_told(self, make_end: MakeEnd, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two = make_end(), make_end()
        two.listen_to(one)
        wait_until(lambda: two.receiver._is_subscribed)
        monkeypatch.setattr(sending, "MAX_WAITING_BYTES", -1)
        one.tell(1)
        monkeypatch.undo()
        wait_until(lambda: two.heard.n_gaps == 1)

        one.tell(2)
        wait_until(lambda: two.heard.numbers == [2])


class TestMessages:
    def test_cannot_be_read_made_up_or_repeated(
        self, make_end: MakeEnd, redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, two = make_end(), make_end()
        two.listen_to(one)
        wait_until(lambda: two.receiver._is_subscribed)
        with redis.client() as client, client.pubsub() as spy:
            spy.subscribe(one.channel)
            one.tell(1)
            messages = iter(spy.listen())
            seen = next(each["data"] for each in messages if each["type"] == "message")
            wait_until(lambda: two.heard.numbers == [1])
            forged = Seal("a guess", server=draw_token()).close(1, Told([], before_a_gap=True))
            for message in (seen, forged, seen[:-1] + b"?", b"?", seen):
                client.publish(one.channel, message)
            one.tell(2)
            wait_until(lambda: len(two.heard.events) > 1)

        assert b'{"a"' not in seen
        assert two.heard.numbers == [1, 2]
        assert two.heard.n_gaps == 0
        assert "A message of Redis is left out" in caplog.text

    def test_that_are_lost_on_their_way_are_missed(self, make_end: MakeEnd, redis: RedisServer) -> None:
        two, third = make_end(), Seal(SECRET, server=draw_token())
        two.heard.wants = True
        wait_until(lambda: two.receiver._is_subscribed)
        with redis.client() as client:
            for number in (1, 2, 4):
                client.publish(two.channel, third.close(number, Told([])))

        wait_until(lambda: two.heard.n_gaps == 1)

    def test_of_a_process_are_not_opened_as_those_of_another(self) -> None:
        one, other = Seal(SECRET, server=draw_token()), Seal(SECRET, server=draw_token())
        message, another = one.close(1, Told([])), other.close(1, Told([]))

        assert other.open(message) == Told([])
        with pytest.raises(NotOurs):
            other.open(message[:16] + another[16:32] + message[32:])
