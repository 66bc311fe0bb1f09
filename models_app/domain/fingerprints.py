"""A digest of an object's state that does not depend on how it came to be.

Two pickles of equal models differ: where strings are shared or equal, in what order a set is walked, which
members of a `defaultdict` were looked at before they were ever set (a scaler that predicts leaves zeros).
Here the nodes of `graphs` are written in full, one after the other, and a set as its members' digests.
"""

import hashlib
from collections.abc import Generator
from typing import Any

from models_app.domain.generators import unseeded_generators
from models_app.domain.graphs import node_of
from models_app.domain.nodes import Node

_LONG_BITS = 4_096
#: Yields members of sets, is sent their digests, and returns its own.
_Digesting = Generator[object, bytes, bytes]


def fingerprint(value: Any, *, unseeded: bool = True) -> str:
    """Return a hexadecimal SHA-256 of the state of `value`; slow, for checks.

    Without `unseeded`, the random generators are left out that an object has made although its own `seed` is
    None: they begin with the operating system's noise, so that no two runs have the same.

    >>> fingerprint({"a": {1, 2}}) == fingerprint({"a": {2, 1}})
    True
    >>> fingerprint({"a": 0.1 + 0.2}) == fingerprint({"a": 0.3})
    False
    >>> from collections import defaultdict
    >>> fingerprint(defaultdict(float)) == fingerprint(defaultdict(float, a=0.0))
    True
    """
    # Sets may be nested to any depth: each has its own place on this stack instead of on Python's.
    around: list[int] = []
    stack = [_digest(value, around, unseeded=unseeded)]
    digest: bytes | None = None
    while stack:
        try:
            member = next(stack[-1]) if digest is None else stack[-1].send(digest)
        except StopIteration as done:
            stack.pop()
            digest = done.value
        else:
            stack.append(_digest(member, around, unseeded=unseeded))
            digest = None
    assert digest is not None  # noqa: S101 # the stack ended, so the first has returned
    return digest.hex()


def _digest(value: object, around: list[int], *, unseeded: bool) -> _Digesting:
    written = hashlib.sha256()
    places: dict[int, int] = {}
    # Keeps the ids from being given again.
    kept: list[object] = []
    left_out: set[int] = set()
    waiting = [("", value)]
    while waiting:
        step, each = waiting.pop()
        written.update(step.encode(errors="surrogatepass") + b"\n")
        if id(each) in places:
            written.update(f"as {places[id(each)]}\n".encode())
            continue
        if not unseeded:
            left_out |= unseeded_generators(each)
        if id(each) in left_out:
            written.update(f"unseeded {type(each).__name__}\n".encode())
            continue
        node = node_of(each)
        if node.is_shared:
            places[id(each)] = len(places)
        kept += (each, node)
        _write(written, node)
        waiting += reversed(node.members)
        if node.unordered:
            if id(each) in around:
                written.update(b"around\n")
                continue
            around.append(id(each))
            digests: list[bytes] = []
            for member in node.unordered:
                digest = yield member
                digests.append(digest)
            around.pop()
            written.update(b"".join(sorted(digests)))
    return written.digest()


def _write(written: Any, node: Node) -> None:
    for part in node.label:
        text = part if type(part) is bytes else _text(part).encode(errors="surrogatepass")
        # With its length, no byte can move from one part to the next.
        written.update(f"{type(part).__name__} {len(text)} {len(node.members)}\n".encode())
        written.update(text)


def _text(part: object) -> str:
    if type(part) is int and part.bit_length() > _LONG_BITS:
        # Python refuses to write some thousand digits in tens.
        return hex(part)
    return repr(part)
