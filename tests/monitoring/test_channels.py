import pytest
from django.test import RequestFactory
from django_eventstream.eventrequest import EventRequest
from django_eventstream.eventstream import EventPermissionError, get_events
from django_eventstream.utils import get_channelmanager

from monitoring.streams.channels import StreamChannels


class TestStreamChannels:
    def test_is_what_the_library_asks(self) -> None:
        assert isinstance(get_channelmanager(), StreamChannels)

    def test_gives_the_library_the_channel_of_a_route(self) -> None:
        http_request = RequestFactory().get("/", headers={"Last-Event-ID": "metrics:5"})
        request = EventRequest(http_request, view_kwargs={"channel": "metrics"})
        assert request.channels == {"metrics"}
        # The library's own reader finds the ring too: the id is long gone.
        assert get_events(request, user=object()).channel_reset == {"metrics"}

    def test_lets_nobody_read_a_channel_that_there_is_not(self) -> None:
        request = EventRequest(RequestFactory().get("/"), view_kwargs={"channel": "secrets"})
        with pytest.raises(EventPermissionError):
            get_events(request, user=object())

    def test_gives_no_channel_to_a_route_without_one(self) -> None:
        assert StreamChannels().get_channels_for_request(RequestFactory().get("/"), {}) == set()
