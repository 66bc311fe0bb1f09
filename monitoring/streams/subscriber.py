"""From what services publish to the channels."""

from collections.abc import Sequence
from functools import partial

import msgspec

from models_app.domain.predictions import to_json
from models_app.services.publishing import Event, Learned
from monitoring.streams.channels import EVENTS, METRICS
from monitoring.streams.frames import OVERHEAD_BYTES, StreamEvent
from monitoring.streams.hub import Channel, get_channel
from monitoring.streams.metrics_publisher import MetricsPublisher

# A probability with its label, as Python objects.
LABEL_BYTES = 100

# Within JSON these stand in strings only. `str.splitlines`, which clients cut a stream with, takes them for
# the end of a line; escaped they mean the same.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


class StreamSubscriber:
    """Feeds the event stream, and tells the metrics' publisher that a model has learned."""

    def __init__(self, *, metrics_publisher: MetricsPublisher) -> None:
        self._metrics_publisher = metrics_publisher

    def wants_events(self) -> bool:
        """Say whether anybody listens to either channel."""
        # Both are asked: one that wants nothing takes note that something passed.
        wanted = [get_channel(name).wants_events() for name in (EVENTS, METRICS)]
        return any(wanted)

    def receive(self, events: Sequence[Event]) -> None:
        """Take over what one commit published. Runs in an engine thread: nothing is encoded here."""
        channel = get_channel(EVENTS)
        if channel.wants_events():
            channel.publish([_stream_event(event) for event in events])
        if any(isinstance(event, Learned) for event in events):
            self._mark_metrics(get_channel(METRICS))

    def _mark_metrics(self, channel: Channel) -> None:
        if channel.wants_events():
            self._metrics_publisher.mark()


def _stream_event(event: Event) -> StreamEvent:
    kind = "learn" if isinstance(event, Learned) else "predict"
    labels = len(event.prediction) if isinstance(event.prediction, dict) else 1
    size = 2 * len(event.features) + labels * LABEL_BYTES + OVERHEAD_BYTES
    return StreamEvent(kind=kind, render=partial(event_json, event), size=size)


def event_json(event: Event) -> str:
    """Return what listeners get of an event: one line of JSON, the features as the client sent them."""
    members = [
        b'{"model":' + msgspec.json.encode(event.model),
        # White space between the tokens may hold line ends; within strings JSON has none.
        b'"features":' + event.features.replace(b"\r", b" ").replace(b"\n", b" "),
        b'"prediction":' + msgspec.json.encode(to_json(event.prediction)),
    ]
    if isinstance(event, Learned):
        members.append(b'"ground_truth":' + msgspec.json.encode(event.ground_truth))
    text = (b",".join(members) + b"}").decode()
    return text if text.isascii() else text.translate(LINE_ENDS)
