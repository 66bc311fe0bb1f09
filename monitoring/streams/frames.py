"""Events as they wait in a channel, and as they go over the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django_eventstream.utils import sse_encode_event

from monitoring.streams.event_ids import event_id

#: What a waiting event costs besides its text, in bytes: the objects around it, estimated.
OVERHEAD_BYTES = 400

# Comments and `retry` stand on lines of their own, without the blank line that ends an event: PyPI's
# `sseclient` hands every block that ends in a blank line to its user, a comment alone as a message with empty
# data.
GREETING = b": connected\nretry: 1000\n"
KEEP_ALIVE = b":\n"
# A client that follows the specification discards an event without its blank line. `sseclient` takes the end
# of the chunked body itself for one, and would hand out a message with empty data, which is no JSON.
FAREWELL = b"event: stream-end\ndata: {}\n"


@dataclass(slots=True, eq=False)
class StreamEvent:
    """An event of a channel; `render` gives its data, which is not needed before somebody reads it.

    `size` is what it costs in memory, in bytes; `model` is whom it is about. `id` is given when it is
    published.
    """

    kind: str
    render: Callable[[], str]
    size: int
    model: str | None = None
    id: int = 0
    _frame: bytes | None = field(default=None, init=False, repr=False)

    def frame(self, channel: str) -> bytes:
        """Return the event as bytes of the channel's stream; the first reader encodes it for all."""
        if self._frame is None:
            encoded = sse_encode_event(self.kind, self.render(), event_id=event_id(channel, self.id))
            self._frame = encoded.encode()
        return self._frame


def text_event(kind: str, data: str, *, model: str | None = None) -> StreamEvent:
    """Return an event whose data is at hand."""
    # Twice: as text and, once it was read, as a frame.
    return StreamEvent(kind=kind, render=lambda: data, size=2 * len(data) + OVERHEAD_BYTES, model=model)


def plain_frame(kind: str, data: str) -> bytes:
    """Return an event without an id, of a stream that nobody can go on with."""
    text: str = sse_encode_event(kind, data)
    return text.encode()


def reset_frame(channel: str, *, current_id: int) -> bytes:
    """Return the event by which a listener knows that it missed some; reading goes on after `current_id`."""
    last_id = event_id(channel, current_id)
    text: str = sse_encode_event("stream-reset", {"channels": [channel]}, event_id=last_id, json_encode=True)
    return text.encode()
