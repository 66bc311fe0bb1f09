"""References: echoed as they came, or not at all."""

import json

import pytest
from msgspec import UNSET, Raw

from models_app.domain import features
from models_app.domain.errors import InvalidRequest
from models_app.wire import references


def found(text: bytes) -> object:
    """Return the reference of a record that is refused, decoded; UNSET where there is none."""
    ref = references.found(text)
    return UNSET if ref is UNSET else json.loads(bytes(ref))


class TestChecked:
    @pytest.mark.parametrize(
        "text", [b"5", b'"a"', b'"\xc3\xa9"', b"null", b'{"a": [1]}', b"[" * 100 + b"]" * 100]
    )
    def test_gives_back_what_can_stand_in_an_answer(self, text: bytes) -> None:
        assert bytes(references.checked(Raw(text))) == text

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (b'["\xff"]', "must be valid UTF-8"),
            (b"[" * 101 + b"]" * 101, "must not be nested deeper than 100 levels"),
            (b"[" * 90_000 + b"]" * 90_000, "maximum recursion depth exceeded"),
            (b"1e999", "out of range"),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_refuses_what_cannot(self, text: bytes, reason: str) -> None:
        with pytest.raises(InvalidRequest, match=reason) as refused:
            references.checked(Raw(text))

        assert isinstance(refused.value.message, dict)
        assert refused.value.message.keys() == {"ref"}


class TestFound:
    @pytest.mark.parametrize(
        ("text", "ref"),
        [
            (b'{"ref": 5, "features": 7}', 5),
            (b'{"features": NaN, "ref": {"a": 1}}', {"a": 1}),
            (b'{"features": "\xff", "ref": "x"}', "x"),
            (b'{"\\ud800": 1, "ref": null}', None),
            (b'{"features": 7}', UNSET),
            (b'{"features": NaN}', UNSET),
            (b'{"ref": NaN}', UNSET),
            (b'{"ref": "\xff"}', UNSET),
            (b"[5]", UNSET),
            (b'{"ref": 5', UNSET),
            (b"", UNSET),
        ],
    )
    def test_is_what_the_client_sent_where_that_can_be_read(self, text: bytes, ref: object) -> None:
        assert found(text) == ref

    def test_is_not_looked_for_twice_in_a_long_record(self) -> None:
        long = b'{"features": NaN, "model": "%s", "ref": 5}' % (b"x" * features.MAX_EXPLAINED_BYTES)

        assert found(long) is UNSET
        assert found(long.replace(b"NaN", b"7")) == 5
