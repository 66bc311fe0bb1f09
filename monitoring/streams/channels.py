"""The channels there are, and who may read them."""

from django_eventstream.channelmanager import ChannelManagerBase

#: Predictions and learns, as they happen; the metrics over all models of the instance's flavor, after every
#: learn, and those of the other flavors; what is new of the models on the overview.
EVENTS = "events"
METRICS = "metrics"
FLAVORS = "flavors"
MODELS = "models"


class StreamChannels(ChannelManagerBase):  # type: ignore[misc]
    """django-eventstream's channel manager: every channel that there is is open to everybody."""

    def can_read_channel(self, user: object, channel: str) -> bool:
        """Say whether `user`, None if nobody is known, may listen."""
        return channel in {EVENTS, METRICS, FLAVORS, MODELS}
