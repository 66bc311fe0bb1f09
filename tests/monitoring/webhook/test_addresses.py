import pytest

from monitoring.webhook import addresses
from monitoring.webhook.addresses import AddressRefused


class TestIsPublic:
    @pytest.mark.parametrize(
        "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
    )
    def test_lets_the_internet_pass(self, address: str) -> None:
        assert addresses.is_public(address)

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fe80::1%1",
            "fec0::1",
            "fd00::1",
            "ff0e::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a01:203",
            "2002:7f00:1::",
            "2001::1",
        ],
    )
    def test_stops_everything_else(self, address: str) -> None:
        assert not addresses.is_public(address)


class TestFind:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "2130706433", "0x7f.1", "0"])
    def test_refuses_the_own_machine_however_it_is_called(self, host: str) -> None:
        with pytest.raises(AddressRefused, match="which is not public"):
            addresses.find(host, 80, allows_private=False)

    def test_gives_it_where_that_is_allowed(self) -> None:
        found = addresses.find("localhost", 81, allows_private=True)

        assert ("127.0.0.1", 81) in [address.place for address in found]

    @pytest.mark.parametrize("host", ["nobody.invalid", "a" * 64 + ".example", "a..b"])
    def test_refuses_what_has_no_address(self, host: str) -> None:
        with pytest.raises(AddressRefused, match="has no address"):
            addresses.find(host, 80, allows_private=True)
