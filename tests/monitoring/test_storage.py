import asyncio
import json
import threading

import pytest
from django_eventstream import get_current_event_id, send_event
from django_eventstream.storage import EventDoesNotExist
from django_eventstream.utils import get_storage

from monitoring.streams.hub import get_channel
from monitoring.streams.storage import RingStorage
from tests.monitoring.streaming import read_count


class TestRingStorage:
    def test_is_what_the_library_uses(self) -> None:
        assert isinstance(get_storage(), RingStorage)

    def test_hands_an_event_that_third_parties_send_to_listeners(self) -> None:
        async def scenario() -> tuple[str, str]:
            listener = get_channel("events").listen()
            thread = threading.Thread(target=send_event, args=("events", "drift", {"where": "línea\n2"}))
            thread.start()
            [message] = await read_count(listener, 1)
            thread.join()
            listener.close()
            return message.event, message.data

        event, data = asyncio.run(scenario())
        assert event == "drift"
        assert json.loads(data) == {"where": "línea\n2"}

    def test_returns_the_events_after_an_id(self) -> None:
        async def scenario() -> None:
            listener = get_channel("storage-test").listen()
            storage = RingStorage()
            start = storage.get_current_id("storage-test")
            appended = [storage.append_event("storage-test", "note", str(n)) for n in range(3)]
            found = storage.get_events("storage-test", start)
            assert found == appended
            assert [(event.type, event.data) for event in found] == [(("note"), str(n)) for n in range(3)]
            assert storage.get_events("storage-test", start, limit=1) == appended[:1]
            assert get_current_event_id(["storage-test"]) == f"storage-test:{appended[-1].id}"
            listener.close()

        asyncio.run(scenario())

    def test_refuses_an_id_of_an_event_that_is_not_kept(self) -> None:
        storage = RingStorage()
        storage.append_event("unheard", "note", "nobody listens")
        with pytest.raises(EventDoesNotExist) as refusal:
            storage.get_events("unheard", storage.get_current_id("unheard") - 1)
        assert refusal.value.current_id == storage.get_current_id("unheard")
