import time

import pytest
from django_eventstream.storage import EventDoesNotExist

from monitoring.streams.frames import text_event
from monitoring.streams.rings import Ring
from tests.monitoring.streaming import numbered


def filled(count: int, *, max_events: int = 100, max_bytes: int = 1 << 20) -> Ring:
    ring = Ring(max_events=max_events, max_bytes=max_bytes)
    for event in numbered(range(count)):
        ring.append(event)
    return ring


def data_after(ring: Ring, position: int, limit: int = 1000) -> list[str]:
    return [event.render() for event in ring.after(position, limit=limit)]


class TestRing:
    def test_gives_consecutive_ids(self) -> None:
        ring = filled(3)
        ids = [event.id for event in ring.after(ring.last_id - 3, limit=10)]
        assert ids == [ring.last_id - 2, ring.last_id - 1, ring.last_id]

    def test_returns_what_follows_a_position_the_oldest_first(self) -> None:
        ring = filled(5)
        assert data_after(ring, ring.last_id - 2) == ["3", "4"]
        assert data_after(ring, ring.last_id) == []

    def test_returns_the_oldest_up_to_the_limit(self) -> None:
        ring = filled(5)
        assert data_after(ring, ring.last_id - 5, limit=2) == ["0", "1"]

    def test_keeps_the_newest_within_the_number(self) -> None:
        ring = filled(10, max_events=4)
        assert len(ring) == 4
        assert data_after(ring, ring.last_id - 4) == ["6", "7", "8", "9"]

    def test_refuses_a_position_whose_followers_are_gone(self) -> None:
        ring = filled(10, max_events=4)
        with pytest.raises(EventDoesNotExist) as refusal:
            ring.after(ring.last_id - 5, limit=10)
        assert refusal.value.current_id == ring.last_id

    def test_refuses_a_position_from_the_future(self) -> None:
        ring = filled(2)
        with pytest.raises(EventDoesNotExist):
            ring.after(ring.last_id + 1, limit=10)

    def test_keeps_the_newest_within_the_bytes(self) -> None:
        ring = Ring(max_events=100, max_bytes=10_000)
        for _ in range(10):
            ring.append(text_event("count", "x" * 1000))
        # Each costs twice its text and something for the objects around it.
        assert len(ring) == 4

    def test_keeps_the_newest_even_if_it_alone_is_too_large(self) -> None:
        ring = filled(3, max_bytes=5_000)
        ring.append(text_event("count", "x" * 9000))
        assert data_after(ring, ring.last_id - 1) == ["x" * 9000]
        ring.append(text_event("count", "small"))
        assert data_after(ring, ring.last_id - 1) == ["small"]
        assert len(ring) == 1

    def test_forgets_everything_and_every_position_at_a_skip(self) -> None:
        ring = filled(3)
        earlier = ring.last_id
        ring.skip()
        assert len(ring) == 0
        assert data_after(ring, ring.last_id) == []
        with pytest.raises(EventDoesNotExist):
            ring.after(earlier, limit=10)

    def test_of_a_later_process_is_newer_than_every_id_given_before(self) -> None:
        earlier = filled(50)
        time.sleep(0.001)
        later = Ring(max_events=10, max_bytes=1000)
        assert later.last_id > earlier.last_id
        with pytest.raises(EventDoesNotExist):
            later.after(earlier.last_id, limit=10)

    def test_gives_ids_that_javascript_can_hold(self) -> None:
        assert Ring(max_events=10, max_bytes=1000).last_id < 2**53 // 2
