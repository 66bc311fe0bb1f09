"""Bodies as no good client sends them: arbitrary bytes, and good bodies with something wrong in them."""

import json
from typing import Any

from hypothesis import strategies as st

#: With halves of characters, control characters, and characters that nobody can see.
odd_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=6)
odd_numbers = st.one_of(
    st.floats(), st.integers(), st.sampled_from([10**18, 10**30, -(10**400), 10**4299, float("nan"), 1e308])
)
_scalars = st.one_of(st.none(), st.booleans(), odd_numbers, odd_text)
odd_values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(odd_text, inner, max_size=3),
    ),
    max_leaves=6,
)

_FIELDS = ["features", "ground_truth", "id", "model", "op", "ref", "flavor"]
_good = {
    "features": st.sampled_from([{"a": 1}, {"a": 0.5, "b": "x"}, {}]),
    "ground_truth": st.booleans(),
    "id": st.sampled_from(["a", 5]),
}
odd_objects = st.one_of(
    st.dictionaries(st.sampled_from(_FIELDS), odd_values, max_size=4),
    st.dictionaries(st.one_of(st.sampled_from(_FIELDS), odd_text), odd_values, max_size=4),
    st.fixed_dictionaries(_good, optional={"\udc00": odd_values, "model": odd_text}),
)


def text_of(value: object) -> bytes:
    """Return JSON as lenient programs write it: NaN, and halves of characters."""
    return json.dumps(value).encode()


_PIECES = [
    b"\\ud800", b"\\udfff", b"\xff", b"\xed\xa0\x80", b"\x00", b"\\u0000", b"NaN", b"-Infinity", b"1e400",
    b"1" * 5000, b"[" * 300, b"{" * 300, b"]" * 300, b'{"a":' * 200, b"\xef\xbb\xbf", b'"', b"\\", b",", b"}",
    b" " * 50, b"\r", b"[]", b"null", b"true", b"'", b"/**/", b"\xf4\x90\x80\x80", "\u2028".encode(),
]  # fmt: skip
_BODIES = [
    b'{"features": {"a": 1.5, "b": {"c": [1, 2, "x"]}}, "id": "a", "model": "first"}',
    b'{"ground_truth": true, "features": {"a": 1.5}, "ref": {"n": [1]}}',
    b'{"op": "learn", "id": 5, "ground_truth": false}',
    b'[{"features": {"a": 1}}, {"features": {"a": 2}, "ground_truth": true}]',
    b'{"flavor": "nothing"}',
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a good body with pieces put in, taken out or put in the place of others."""
    body = draw(st.sampled_from(_BODIES))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 8)))
        body = body[:start] + draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4))) + body[end:]
    return body


bodies = st.one_of(st.binary(max_size=60), mutated(), odd_objects.map(text_of), odd_values.map(text_of))
