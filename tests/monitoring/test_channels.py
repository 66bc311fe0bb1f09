from django_eventstream.utils import get_channelmanager

from monitoring.streams.channels import StreamChannels


class TestStreamChannels:
    def test_is_what_the_library_asks(self) -> None:
        assert isinstance(get_channelmanager(), StreamChannels)

    def test_lets_nobody_read_a_channel_that_there_is_not(self) -> None:
        assert not StreamChannels().can_read_channel(None, "secrets")
        assert StreamChannels().can_read_channel(None, "metrics")
