"""Parsers of setting values: from text (environment) or from a Python value (`config.py`).

Each returns the value or raises ValueError; what is allowed stands in the parser's `allowed`.
"""

import base64
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from models_app.domain.scopes import SCOPES
from models_app.domain.units import read_size
from web.rates import Rate, read_rate

BOOLEANS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
#: Characters of a secret key.
# What is below it has some 200 characters.
_MAX_SNAPSHOTS_URL = 768
MIN_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser of a value, and in words what may be written."""

    read: Callable[[object], object]
    allowed: str


def read_text(value: object) -> str:
    """Return a text without the space around it; raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value.strip()


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return BOOLEANS[str(value).strip().lower()]
    except KeyError:
        raise ValueError("not a boolean") from None


boolean = Parser(_boolean, "`on`, `off`, `true`, `false`, `1`, `0`")


def text(*, at_least: int = 1, allowed: str) -> Parser:
    """A text of `at_least` so many characters."""

    def read(value: object) -> str:
        found = read_text(value)
        if len(found) < at_least:
            raise ValueError("too short")
        return found

    return Parser(read, allowed)


def choice(*options: str, may_be_empty: bool = False) -> Parser:
    """One of the options, written in any case."""
    known = {option.upper(): option for option in options} | ({"": ""} if may_be_empty else {})

    def read(value: object) -> str:
        try:
            return known[read_text(value).upper()]
        except KeyError:
            raise ValueError("none of the options") from None

    return Parser(read, ", ".join(f"`{option}`" for option in options))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not a whole number")
    return int(value)


def whole(minimum: int, maximum: int) -> Parser:
    """A whole number between the two bounds, both included."""

    def read(value: object) -> int:
        found = _whole(value)
        if not minimum <= found <= maximum:
            raise ValueError("out of bounds")
        return found

    return Parser(read, f"a whole number from {minimum} to {maximum}")


def number(minimum: float, maximum: float, *, unit: str = "") -> Parser:
    """A finite number between the two bounds, both included."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("not a number")
        found = float(value)
        if not math.isfinite(found) or not minimum <= found <= maximum:
            raise ValueError("out of bounds")
        return found

    return Parser(read, f"a number{unit} from {minimum:g} to {maximum:g}")


def seconds(minimum: float, maximum: float) -> Parser:
    """A duration in seconds."""
    return number(minimum, maximum, unit=" of seconds")


def _size(value: object) -> int:
    found = read_size(value) if isinstance(value, str) else _whole(value)
    if found < 1:
        raise ValueError("not positive")
    return found


def _size_or_none(value: object) -> int:
    if isinstance(value, bool):
        raise ValueError("not a size")
    return 0 if value in ("", "0", 0) else _size(value)


size_or_none = Parser(
    _size_or_none, "bytes, as in `16M` (`K`, `M` and `G` stand for powers of 1024); 0: as much as there is"
)
size = Parser(_size, "bytes, at least 1; `K`, `M` and `G` stand for powers of 1024, as in `16M`")


def read_items(value: object) -> list[str]:
    """Return the texts of a list, or of one that is written with commas; raises ValueError."""
    parts: Iterable[object]
    if isinstance(value, str):
        parts = value.split(",")
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    else:
        raise ValueError("not a list")
    return [item for item in map(read_text, parts) if item]


def _hosts(value: object) -> list[str]:
    found = read_items(value)
    if any("/" in host or " " in host for host in found):
        raise ValueError("not a host name")
    return found


hosts = Parser(
    _hosts,
    "host names separated by commas, without scheme and port; "
    "`.example.org` stands for its subdomains too, `*` for all",
)


def _keys(value: object) -> list[str]:
    found = read_items(value)
    if any(len(key) < MIN_KEY_LENGTH for key in found):
        raise ValueError("too short")
    return found


keys = Parser(_keys, f"keys of at least {MIN_KEY_LENGTH} characters, separated by commas, or a list")


def _rates(value: object) -> dict[str, Rate]:
    items = (
        [f"{what}={rate}" if what else f"{rate}" for what, rate in value.items()]
        if isinstance(value, dict)
        else read_items(value)
    )
    found = dict(read_rate(item, SCOPES) for item in items)
    if len(found) < len(items):
        raise ValueError("something twice")
    return found


rates = Parser(
    _rates,
    "`WHAT=N/PERIOD`, separated by commas, such as `predict=100/s,/api/learn=50/s,manage=10/minute`, or a "
    "dictionary: what is a scope or an address of the API, or left out for everything together; periods are "
    "`second`, `minute`, `hour`, or `s`, `m`, `h`",
)


def _public_keys(value: object) -> dict[str, str]:
    items = [f"{name}={key}" for name, key in value.items()] if isinstance(value, dict) else read_items(value)
    if not items:
        return {}
    # Not at every start: few sign, and it takes a while.
    from models_app.domain.upload_keys import read_named

    found = dict(map(read_named, items))
    if len(found) < len(items):
        raise ValueError("a name twice")
    return found


public_keys = Parser(
    _public_keys, "`NAME=KEY`, separated by commas, as `make_upload_key` prints it, or a dictionary"
)


def _origin(origin: str) -> str:
    parts = urlsplit(origin)
    if not parts.scheme or not parts.netloc or parts.path or parts.query or parts.fragment:
        raise ValueError("not an origin")
    return origin


def _origins(value: object) -> list[str]:
    return [_origin(origin) for origin in read_items(value)]


origins = Parser(
    _origins, "origins separated by commas, such as `https://app.example.org` or `https://*.example.org`"
)


def _database_url(value: object) -> str:
    url = read_text(value)
    if urlsplit(url).scheme in {"postgres", "postgresql"}:
        parts = urlsplit(url)
        # To look at the port raises ValueError where it is none.
        if parts.port == 0 or not parts.path.strip("/"):
            raise ValueError("it names no database")
        return url
    scheme, separator, file = url.partition(":///")
    # A database in memory would be another one for each of the engine's threads.
    if scheme != "sqlite" or not separator or not file or ":memory:" in file:
        raise ValueError("neither an SQLite file nor a PostgreSQL database")
    return url


database_url = Parser(
    _database_url,
    "`sqlite:///FILE`, relative to the instance folder, `sqlite:////ABSOLUTE/FILE`, or "
    "`postgresql://USER:PASSWORD@HOST:PORT/NAME`",
)


def _webhook_url(value: object) -> str:
    url = read_text(value)
    if not url:
        return url
    parts = urlsplit(url)
    # To look at the port raises ValueError where it is none.
    is_complete = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    if not is_complete or "@" in parts.netloc or "#" in url or not re.fullmatch("[!-~]+", url):
        raise ValueError("not the URL of a webhook")
    return url


webhook_url = Parser(
    _webhook_url, "`https://` or `http://` URL in ASCII, without user, password and fragment; empty for none"
)


def _webhook_secret(value: object) -> str:
    secret = read_text(value)
    if secret and not 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64:
        raise ValueError("too short or too long")
    return secret


webhook_secret = Parser(_webhook_secret, "`whsec_` and 24 to 64 bytes in base64")


def _snapshots_url(value: object) -> str:
    url = read_text(value).rstrip("/")
    if not url:
        return url
    match = re.fullmatch(r"(s3://[a-z0-9][a-z0-9.-]{1,62}|file:///[\w.@+=-]+)(/[\w.@+=-]+)*", url, re.ASCII)
    if match is None or len(url) > _MAX_SNAPSHOTS_URL or {"..", "."} & set(url.split("/")):
        raise ValueError("not the URL of a bucket or a folder")
    return url


snapshots_url = Parser(
    _snapshots_url, "`s3://BUCKET`, `s3://BUCKET/PREFIX` or `file:///FOLDER`; empty for none"
)
