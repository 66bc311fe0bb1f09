"""Addresses: what to listen on, under which names the server is then reached."""

import errno
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError


def is_wildcard(host: str) -> bool:
    """Say whether the address stands for all of the machine's, as `0.0.0.0` and `::` do."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def host_in_url(host: str) -> str:
    """Write the host as URLs and the Host header have it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def base_url(host: str, port: int) -> str:
    """Give the address to type into a browser on this machine."""
    name = "localhost" if is_wildcard(host) or host == "127.0.0.1" else host_in_url(host)
    return f"http://{name}:{port}"


def allow_host(host: str) -> None:
    """Let clients use the name that the server listens on; a wildcard is none."""
    name = host_in_url(host)
    if not is_wildcard(host) and name not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, name]


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses that a host stands for; raises CommandError if it stands for none."""
    return [str(address[0]) for _, address in _found(host, port)]


def check_access(addresses: Iterable[str]) -> None:
    """Raise CommandError where other machines reach an address, and nothing decides what they may do."""
    if settings.AUTH_REQUIRED or settings.ALLOW_ANONYMOUS:
        return
    open_ones = [address for address in addresses if not ipaddress.ip_address(address).is_loopback]
    if open_ones:
        raise CommandError(
            f"Others can reach {open_ones[0]}, and an upload is a program. Set AUTH_REQUIRED=1 to ask them "
            "for tokens (`python manage.py create_token`), ALLOW_ANONYMOUS=1 to let them do everything, or "
            "HOST to an address of this machine alone, such as 127.0.0.1."
        )


def bind(host: str, port: int) -> list[socket.socket]:
    """Take the port on every address of the host; 0 draws one. Raises CommandError if it is taken.

    They listen at once (two may bind the same port, but not listen on it): who connects waits until
    the server is ready.
    """
    if not 0 <= port <= 65535:
        raise CommandError(f"PORT {port} cannot be used: allowed are 0 to 65535.")
    sockets: list[socket.socket] = []
    for family, address in _found(host, port):
        # All the host's addresses get the port that was drawn for the first.
        drawn = sockets[0].getsockname()[1] if sockets else port
        bound = _bind_one(family, (address[0], drawn, *address[2:]))
        if bound is not None:
            sockets.append(bound)
    if not sockets:
        raise CommandError(f"HOST {host} cannot be used: this machine has no such address.")
    return sockets


def bind_each(host: str, port: int, n: int) -> list[list[socket.socket]]:
    """Take the port as `bind` does, once for each of `n` processes, among which connections are divided.

    The system gives each connection to one of them: of one socket that all listen on, who is quickest would
    take most. Raises CommandError if the port is taken, by other servers of this kind, too.
    """
    found = bind(host, port)
    addresses = [(bound.family, bound.getsockname()) for bound in found]
    for bound in found:
        bound.close()
    shares = [[_bind_one(family, address, is_shared=True) for family, address in addresses] for _ in range(n)]
    return [[bound for bound in share if bound is not None] for share in shares]


def _found(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CommandError(f"HOST {host} cannot be used: {error.strerror}.") from error
    return [(socket.AddressFamily(family), address) for family, _, _, _, address in dict.fromkeys(found)]


def _advice(error: OSError) -> str:
    """Return what to type where the port is another program's."""
    if error.errno not in (errno.EADDRINUSE, errno.EACCES):
        return ""
    return " Choose another: `PORT=8000 make run`, or `serve --port 8000`."


def _bind_one(family: int, address: tuple[object, ...], *, is_shared: bool = False) -> socket.socket | None:
    """Listen on one address; None if the machine does not have it, as with IPv6 names and no IPv6."""
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    # Connections of a server that stopped a moment ago linger on the port.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind(address)
        bound.listen()
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return None
        raise CommandError(
            f"PORT {address[1]} of {address[0]} cannot be used: {error.strerror}.{_advice(error)}"
        ) from error
    return bound
