"""Which addresses a request may go to: a name of somebody else's must not lead into the own network."""

import ipaddress
import socket
from dataclasses import dataclass

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

# Their last four bytes are an IPv4 address, which a translator on the way takes the packets to (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that the internet has of IPv6.
_UNICAST = ipaddress.ip_network("2000::/3")


class AddressRefused(Exception):
    """The name has no address, or one that is not public."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address to connect to: the one that was checked, no name that could be another's by then."""

    family: int
    place: tuple[str, int] | tuple[str, int, int, int]


def find(host: str, port: int, *, allows_private: bool) -> list[Address]:
    """Return the addresses of a host; raises `AddressRefused` where one of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{host} has no address: {error}") from error
    for *_, place in found:
        if not (allows_private or is_public(str(place[0]))):
            raise AddressRefused(f"{host} has the address {place[0]}, which is not public")
    return [Address(family, place) for family, *_, place in found]  # type: ignore[arg-type]  # no other kind


def is_public(text: str) -> bool:
    """Say whether an address is one of the internet's, whatever it is wrapped in.

    >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    address = _unwrapped(ipaddress.ip_address(text))
    if address.version == 6 and address not in _UNICAST:
        return False
    # Multicast is global for Python.
    return address.is_global and not address.is_multicast


def _unwrapped(address: Ip) -> Ip:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    # 6to4 leads to the IPv4 address in it, too.
    return address.ipv4_mapped or address.sixtofour or address
