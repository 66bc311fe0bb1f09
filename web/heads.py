"""A request's head: whether it can be served, and whether it opens a WebSocket."""

import base64
import binascii
from collections.abc import Sequence

from web.limits import Limits
from web.refusals import Refusal

Headers = Sequence[tuple[bytes, bytes]]

# What the library that reads the handshake takes.
_HANDSHAKE_LINES = 128
_HANDSHAKE_LINE_BYTES = 8192
_UPGRADE = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


def check_size(url: bytes, headers: Headers, limits: Limits) -> None:
    """Refuse a head that is too large, or has too many lines."""
    if len(url) > limits.url_bytes:
        raise Refusal(414, "url_too_long", f"The address must not exceed {limits.url_bytes} bytes.")
    if len(headers) > limits.header_lines:
        raise Refusal(
            431, "headers_too_large", f"There must be no more than {limits.header_lines} header lines."
        )
    if len(url) + sum(len(name) + len(value) + 4 for name, value in headers) > limits.head_bytes:
        raise too_large(limits)


def too_large(limits: Limits) -> Refusal:
    """Refuse a head whose end did not come within the limit."""
    return Refusal(
        431, "headers_too_large", f"The head of a request must not exceed {limits.head_bytes} bytes."
    )


def check_version(version: str, headers: Headers) -> None:
    """Refuse versions whose rules are others, and codings of the body that are not undone here."""
    if version not in {"1.0", "1.1"}:
        raise Refusal(505, "http_version_not_supported", "The version must be HTTP/1.1.")
    codings = values(headers, b"transfer-encoding")
    if codings and version == "1.0":
        raise Refusal(400, "bad_request", "HTTP/1.0 has no Transfer-Encoding.")
    if any(coding.strip().lower() != b"chunked" for coding in codings):
        raise Refusal(501, "coding_not_supported", "The only Transfer-Encoding understood here is chunked.")


def values(headers: Headers, name: bytes) -> list[bytes]:
    """Return the values of all lines of that name, which is in lower case."""
    return [value for given, value in headers if given == name]


def opens_socket(method: bytes, version: str, headers: Headers) -> bool:
    """Say whether a request that has `Upgrade` and `Connection: Upgrade` means a WebSocket.

    Any other is a request as if it had neither: no protocol but this one is offered here.
    """
    return (
        method == b"GET"
        and version == "1.1"
        and [value.strip().lower() for value in values(headers, b"upgrade")] == [b"websocket"]
        and not values(headers, b"transfer-encoding")
        and all(value.strip() == b"0" for value in values(headers, b"content-length"))
    )


def check_handshake(url: bytes, headers: Headers) -> None:
    """Refuse a handshake that is not that of version 13."""
    if values(headers, b"sec-websocket-version") != [b"13"]:
        raise Refusal(426, "bad_handshake", "WebSockets are spoken in version 13.", _UPGRADE)
    keys = values(headers, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise Refusal(400, "bad_handshake", "Sec-WebSocket-Key must be 16 bytes in base64, once.")
    longest = max(len(url) + 16, *(len(name) + len(value) + 4 for name, value in headers))
    if len(headers) > _HANDSHAKE_LINES or longest > _HANDSHAKE_LINE_BYTES:
        raise Refusal(431, "headers_too_large", "The handshake has too many or too long lines.")


def _is_key(text: bytes) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except binascii.Error:
        return False


def without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Return the head of the request as it would be had its sender not offered to change the protocol."""
    lines = [b"%s %s HTTP/%s\r\n" % (method, url, version.encode())]
    lines += [b"%s: %s\r\n" % (name, value) for name, value in headers if name != b"upgrade"]
    return b"".join([*lines, b"\r\n"])
