"""Parsers of the settings of OpenID Connect."""

from urllib.parse import urlsplit

from access.groups import SCOPES_BY_GROUP
from chantilly_project.parsing import Parser, read_items, read_text


def _issuer(value: object) -> str:
    url = read_text(value)
    if not url:
        return url
    parts = urlsplit(url)
    # What goes to it and comes from it is nobody else's to see; a provider on this machine is for trying.
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    if not is_safe or not parts.hostname or "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError("not an issuer")
    return url


def _is_loopback(host: str | None) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}


issuer = Parser(
    _issuer,
    "`https://` URL without user, query and fragment, or an `http://` one of this machine; empty for none",
)


def _scopes(value: object) -> list[str]:
    found = read_items(value)
    if "openid" not in found or any(" " in scope for scope in found):
        raise ValueError("not scopes of OpenID Connect")
    return found


scopes = Parser(_scopes, "scopes separated by commas, or a list; `openid` is one of them")


def _groups(value: object) -> dict[str, str]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else [item.rpartition("=")[::2] for item in read_items(value)]
    )
    found = {read_text(theirs): read_text(ours) for theirs, ours in pairs}
    if not all(found) or not set(found.values()) <= set(SCOPES_BY_GROUP) or len(found) < len(pairs):
        raise ValueError("not groups")
    return found


groups = Parser(
    _groups,
    f"`THEIRS=OURS`, separated by commas, or a dictionary; ours are {', '.join(map(repr, SCOPES_BY_GROUP))}",
)
