"""From what services publish to the channels."""

from collections.abc import Sequence
from functools import partial

from models_app.paradigms.registry import get_flavor
from models_app.services import showing
from models_app.services.publishing import Event, Learned
from models_app.wire import events
from monitoring.streams.channels import EVENTS, FLAVORS, METRICS, MODELS
from monitoring.streams.frames import OVERHEAD_BYTES, StreamEvent
from monitoring.streams.hub import get_channel
from monitoring.streams.publishers import Publisher

# A probability with its label, as Python objects.
LABEL_BYTES = 100

# Within JSON these stand in strings only. `str.splitlines`, which clients cut a stream with, takes them for
# the end of a line; escaped they mean the same.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


class StreamSubscriber:
    """Feeds the event stream and notifies publishers: the metrics' after learns, the models' after all."""

    def __init__(
        self, *, metrics_publisher: Publisher, flavors_publisher: Publisher, models_publisher: Publisher
    ) -> None:
        self._of_learns = {METRICS: metrics_publisher, FLAVORS: flavors_publisher}
        self._models_publisher = models_publisher

    def wants_events(self) -> bool:
        """Say whether anybody listens to any channel."""
        # All are asked: one that wants nothing takes note that something passed.
        wanted = [get_channel(name).wants_events() for name in (EVENTS, METRICS, FLAVORS, MODELS)]
        return any(wanted)

    def receive(self, events: Sequence[Event]) -> None:
        """Take over what one commit published. Runs in an engine thread: nothing is encoded here."""
        channel = get_channel(EVENTS)
        if channel.wants_events():
            channel.publish([_stream_event(event) for event in events])
        if get_channel(MODELS).wants_events():
            self._models_publisher.mark()
        wanted = [
            publisher for name, publisher in self._of_learns.items() if get_channel(name).wants_events()
        ]
        if wanted and any(isinstance(event, Learned) for event in events):
            for publisher in wanted:
                publisher.mark()


def _stream_event(event: Event) -> StreamEvent:
    kind = "learn" if isinstance(event, Learned) else "predict"
    labels = len(event.prediction) if isinstance(event.prediction, dict) else 1
    size = 2 * len(event.features) + labels * LABEL_BYTES + OVERHEAD_BYTES
    return StreamEvent(kind=kind, render=partial(event_json, event), size=size, model=event.model)


def event_json(event: Event) -> str:
    """Return what listeners get of an event: one line of JSON, the features as they are to be shown."""
    # White space between the tokens may hold line ends; within strings JSON has none.
    text = showing.shown_text(event.features, event.features_kept)
    features = text.replace(b"\r", b" ").replace(b"\n", b" ")
    prediction = event.prediction
    if not showing.shows_all(event.features_kept):
        prediction = showing.shown_prediction(prediction, event.features_kept, get_flavor(event.flavor))
    if isinstance(event, Learned):
        encoded = events.learned(
            model=event.model,
            features=features,
            prediction=prediction,
            ground_truth=event.ground_truth,
        )
    else:
        encoded = events.predicted(model=event.model, features=features, prediction=prediction)
    line = encoded.decode()
    return line if line.isascii() else line.translate(LINE_ENDS)
