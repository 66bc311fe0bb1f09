"""The settings of Redis: what may be written, and the one address that comes of them."""

import re
from urllib.parse import urlsplit

from chantilly_project.parsing import Parser, read_text


def _redis_url(value: object) -> str:
    url = read_text(value)
    if not url:
        return url
    parts = urlsplit(url)
    # To look at the port raises ValueError where it is none.
    if parts.port == 0 or parts.fragment:
        raise ValueError("not a URL of Redis")
    is_file = parts.scheme == "unix" and parts.path.strip("/")
    is_server = parts.scheme in {"redis", "rediss"} and parts.hostname
    if not is_file and not (is_server and re.fullmatch(r"(/\d{0,9})?", parts.path, re.ASCII)):
        raise ValueError("not a URL of Redis")
    _refuse_unknown_options(url)
    return url


def _refuse_unknown_options(url: str) -> None:
    # It takes a fifth of a second, and only who has Redis pays for it.
    from redis import ConnectionPool, RedisError

    try:
        # It connects to nobody yet.
        ConnectionPool.from_url(url).make_connection()
    except (TypeError, RedisError, OSError) as error:
        raise ValueError("it has options that there are not") from error


redis_url = Parser(
    _redis_url,
    "`redis://USER:PASSWORD@HOST:PORT/NUMBER`, the same with `rediss://` (TLS), or `unix://FILE`; empty for "
    "none",
)


def _host(value: object) -> str:
    host = read_text(value)
    if host and not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise ValueError("not a host")
    return host


redis_host = Parser(_host, "an address or a host name; empty for none")


def url_of(url: str, *, host: str, port: int, number: int) -> str:
    """Return the address of Redis; empty where there is none. What `url` says goes first.

    >>> url_of("", host="::1", port=6379, number=2)
    'redis://[::1]:6379/2'
    >>> url_of("unix:///run/redis.sock", host="cache", port=6379, number=0)
    'unix:///run/redis.sock'
    >>> url_of("", host="", port=6379, number=0)
    ''
    """
    if url or not host:
        return url
    return f"redis://{f'[{host}]' if ':' in host else host}:{port}/{number}"
