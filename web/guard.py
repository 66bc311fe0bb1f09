"""Refuses requests that no page of this site and no client of this server would send.

A web page may post to somebody's localhost, or bind its own name to 127.0.0.1 and read the answers.
An upload runs as code once it is unpickled, so neither may get that far: the guard stands before
everything else and answers before a body is read.
"""

from collections.abc import Collection, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

from web.asgi import AnswerSoon, Application, Receive, Scope, Send, ShortWay
from web.refusals import Refusal

Key = TypeVar("Key")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_FETCH_SITES = frozenset({b"same-origin", b"none"})
DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}
# Hosts and origins remembered: a client that makes up new ones must not fill the memory.
REMEMBERED = 1024


class Guard:
    """ASGI middleware: 403 for a host that is not allowed and for what another site sent."""

    def __init__(
        self,
        application: Application,
        *,
        allowed_hosts: Sequence[str],
        trusted_origins: Sequence[str],
        trusts_forwarded_host: bool = False,
        probes: Collection[str] = (),
    ) -> None:
        """`trusts_forwarded_host`: a proxy in front says in X-Forwarded-Host what was asked for.

        `probes` are paths that are asked by address, whatever names clients use.
        """
        self._application = application
        self._allowed_hosts = allowed_hosts
        self._trusted_origins = trusted_origins
        self._trusts_forwarded_host = trusts_forwarded_host
        self._probes = probes
        self._short_way: ShortWay | None = getattr(application, "short_way", None)
        self._known_hosts: dict[bytes, bool] = {}
        self._known_origins: dict[tuple[bytes, bytes], bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        kind = scope["type"]
        refusal = self._refusal(scope, kind) if kind in {"http", "websocket"} else None
        if refusal is None:
            await self._application(scope, receive, send)
        else:
            await refusal.send(scope, send)

    def short_way(self, scope: Scope, length: int) -> AnswerSoon | None:
        """Return how the application takes a body of that many bytes, once it is there, and answers it soon.

        None: the guard has to be called as ever.
        """
        if self._short_way is None or self._refusal(scope, "http") is not None:
            return None
        return self._short_way(scope, length)

    def _refusal(self, scope: Scope, kind: str) -> Refusal | None:
        """Return why the request is refused; None if it is not."""
        host, origin, fetch_site, n_hosts = b"", None, None, 0
        for name, value in scope["headers"]:
            if name == b"host":
                host, n_hosts = value, n_hosts + 1
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                fetch_site = value
        if self._trusts_forwarded_host:
            host = dict(scope["headers"]).get(b"x-forwarded-host", host)
        if (n_hosts != 1 or not self._is_allowed(host)) and scope["path"] not in self._probes:
            return Refusal(
                403, "host_not_allowed", f"This host is not among ALLOWED_HOSTS: {_readable(host)}."
            )
        if kind == "http" and scope["method"] in SAFE_METHODS:
            return None
        if self._is_from_here(host, origin, fetch_site):
            return None
        return Refusal(
            403, "cross_site_request", "Requests that other sites send are refused (see TRUSTED_ORIGINS)."
        )

    def _is_allowed(self, host: bytes) -> bool:
        known = self._known_hosts.get(host)
        if known is None:
            domain, _port = split_domain_port(host.decode("latin-1"))
            known = bool(domain) and validate_host(domain, self._allowed_hosts)
            _remember(self._known_hosts, host, known)
        return known

    def _is_from_here(self, host: bytes, origin: bytes | None, fetch_site: bytes | None) -> bool:
        if fetch_site is None and origin is None:
            # No browser: those send at least one of the two.
            return True
        if fetch_site in OWN_FETCH_SITES:
            return True
        if origin is None:
            return False
        key = (origin, host if fetch_site is None else b"")
        known = self._known_origins.get(key)
        if known is None:
            known = self._is_trusted(origin) or (fetch_site is None and _is_same_host(origin, host))
            _remember(self._known_origins, key, known)
        return known

    def _is_trusted(self, origin: bytes) -> bool:
        text = origin.decode("latin-1").lower()
        return any(_matches(text, trusted.lower()) for trusted in self._trusted_origins)


def _remember(known: dict[Key, bool], key: Key, verdict: bool) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
    known[key] = verdict


def _matches(origin: str, trusted: str) -> bool:
    """Say whether an origin is the trusted one, or below it if that begins with `*.`."""
    if "://*." not in trusted:
        return origin == trusted
    scheme, _, domain = trusted.partition("://*")
    parts = urlsplit(origin)
    return parts.scheme == scheme and is_same_domain(parts.netloc, domain)


def _is_same_host(origin: bytes, host: bytes) -> bool:
    """Say whether the host and port of an origin are those of the Host header; `null` never is."""
    scheme, separator, authority = origin.decode("latin-1").lower().partition("://")
    port = DEFAULT_PORTS.get(scheme, "")
    asked = host.decode("latin-1").lower().removesuffix(port)
    return bool(separator) and authority.removesuffix(port) == asked


def _readable(host: bytes) -> str:
    return repr(host.decode("latin-1")[:100])
