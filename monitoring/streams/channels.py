"""The channels there are, and who may read them."""

from collections.abc import Mapping

from django.http import HttpRequest
from django_eventstream.channelmanager import ChannelManagerBase

#: Predictions and learns, as they happen; the metrics of the instance, after every learn; what is new of the
#: models on the overview.
EVENTS = "events"
METRICS = "metrics"
MODELS = "models"


class StreamChannels(ChannelManagerBase):  # type: ignore[misc]
    """django-eventstream's channel manager: every channel is open to everybody, and kept for a while."""

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: Mapping[str, object]) -> set[str]:
        """Return the channel that the route stands for."""
        return {str(view_kwargs["channel"])} if "channel" in view_kwargs else set()

    def can_read_channel(self, user: object, channel: str) -> bool:
        """Say whether `user`, None if nobody is known, may listen."""
        return channel in {EVENTS, METRICS, MODELS}

    def is_channel_reliable(self, channel: str) -> bool:
        """Say whether the channel's events go through the storage: its ring is what listeners read."""
        return True
