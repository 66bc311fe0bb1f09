"""django-eventstream's storage, over the rings that listeners read: `send_event` reaches them through it."""

from django_eventstream.event import Event
from django_eventstream.storage import StorageBase

from monitoring.streams.frames import text_event
from monitoring.streams.hub import get_channel


class RingStorage(StorageBase):  # type: ignore[misc]
    """Bounded, in memory, of this process. Holds nothing itself: the library makes one for every thread."""

    def append_event(self, channel: str, event_type: str, data: str) -> Event:
        """Publish an event, `data` being its text; nothing is kept where nobody listens."""
        event = text_event(event_type, data)
        get_channel(channel).publish([event])
        return Event(channel, event_type, data, id=event.id)

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[Event]:
        """Return the events that follow `last_id`.

        Raises EventDoesNotExist where some are gone, or the id is from another process or the future.
        """
        events = get_channel(channel).after(last_id, limit=limit)
        return [Event(channel, event.kind, event.render(), id=event.id) for event in events]

    def get_current_id(self, channel: str) -> int:
        """Return the id of the newest event."""
        return get_channel(channel).current_id
