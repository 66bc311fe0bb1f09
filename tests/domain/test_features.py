import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain import features
from models_app.domain.errors import InvalidRequest

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(), children, max_size=3)
    ),
    max_leaves=5,
)


class TestDecode:
    @given(st.dictionaries(st.text(), values))
    def test_gives_what_was_encoded(self, x: dict[str, object]) -> None:
        assert features.decode(msgspec.json.encode(x)) == x

    def test_gives_a_copy_each_time(self) -> None:
        text = b'{"a": {"b": 1}}'

        first = features.decode(text)
        assert isinstance(first, dict)
        first.clear()

        assert features.decode(text) == {"a": {"b": 1}}

    def test_takes_a_text(self) -> None:
        assert features.decode(msgspec.Raw(b'"good morning"')) == "good morning"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("[1]", "must be an object or a string"),
            ("null", "must be an object or a string"),
            ('{"a": [{"b": 1e999}]}', "a[0].b: must be a finite number"),
            ('{"a": NaN}', "a: must be a finite number"),
            ("{", "not valid JSON"),
            (b'"\xff"', "not valid JSON"),
            ('"\\ud800"', "must not have half a character"),
            ('{"a": {"\\udc00": 1}}', "a.\\udc00: must not have half a character in its name"),
            ('{"a": [1, "x\\ud800y"]}', "a[1]: must not have half a character"),
            ('{"a":' + "[" * 900 + "NaN" + "]" * 900 + "}", "…: must be a finite number"),
            ('{"a": NaN, "b": "' + "x" * 70_000 + '"}', "malformed"),
            ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ],
    )
    def test_says_what_is_wrong(self, text: str | bytes, reason: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            features.decode(text)

        assert isinstance(refusal.value.message, dict)
        assert reason in refusal.value.message["features"][0]


class TestRead:
    @pytest.mark.parametrize(
        "text",
        [
            b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}",
            b'{"a": ' + b'{"b": ' * 500 + b"1" + b"}" * 500 + b"}",
            b'{"pad": "' + b"x" * 200 + b'", "a": ' + b'[{"b": ' * 51 + b"1" + b"}]" * 51 + b"}",
        ],
        ids=["lists", "objects", "both"],
    )
    def test_refuses_what_is_nested_too_deeply(self, text: bytes) -> None:
        with pytest.raises(InvalidRequest, match="deeper than 100"):
            features.read(text)
        # It may be in an old journal.
        assert features.decode(text)

    @pytest.mark.parametrize(
        "text",
        [
            b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}",
            b'{"a": [' + b",".join([b"[]"] * 1_000) + b"]}",
            b'{"a": "' + b"[{" * 1_000 + b'"}',
            b'{"a": "' + b',\\"' * 200_000 + b'"}',
            b'"' + b"[,{" * 100_000 + b'"',
        ],
        ids=["99 levels", "wide", "brackets in a text", "commas in a text", "a text"],
    )
    def test_takes_what_only_looks_deep_or_large(self, text: bytes) -> None:
        assert features.read(text) == features.decode(text)

    @pytest.mark.parametrize(
        "text",
        [
            b'{"a": [' + b",".join([b"1"] * 100_001) + b"]}",
            b'{"t": ",,", "a": [' + b",".join([b'"x"'] * 100_001) + b"]}",
            b"{" + b",".join([b'"a": 1'] * 100_001) + b"}",
            b'{"a": [' + b",".join([b"[]"] * 100_001),
        ],
        ids=["numbers", "texts", "members", "half of it"],
    )
    def test_refuses_too_many_values_before_they_are_decoded(self, text: bytes) -> None:
        with pytest.raises(InvalidRequest, match="more than 100,000 values"):
            features.read(text)

    @pytest.mark.parametrize("text", [b'{"a": ', b"", b"[1]", b'{"a": NaN}', '{"a": 1}'.encode("utf-16")])
    def test_refuses_what_is_no_json_as_decode_does(self, text: bytes) -> None:
        with pytest.raises(InvalidRequest) as by_decode:
            features.decode(text)
        with pytest.raises(InvalidRequest) as by_read:
            features.read(text)

        assert by_read.value.message == by_decode.value.message

    def test_takes_as_many_values_as_it_says(self) -> None:
        text = b'{"a": [' + b",".join([b"1"] * 99_999) + b"]}"

        assert features.read(text) == {"a": [1] * 99_999}


class TestCopied:
    @given(st.dictionaries(st.text(), values))
    def test_shares_nothing_that_can_be_written_to(self, x: dict[str, object]) -> None:
        text = msgspec.json.encode(x)
        first = features.decode(text)

        copied = features.copied(first, text)
        spoil(copied)

        assert first == x

    def test_copies_lists_in_objects_in_lists(self) -> None:
        text = b'{"a": [1, [2, {"b": [3]}]]}'
        first = features.decode(text)

        copied = features.copied(first, text)
        copied["a"][1][1]["b"].append(4)  # type: ignore[index]

        assert first == {"a": [1, [2, {"b": [3]}]]}

    def test_is_the_text_itself_where_it_is_one(self) -> None:
        assert features.copied("good morning", b'"good morning"') == "good morning"


def spoil(value: object) -> None:
    """Write to all that can be written to."""
    if isinstance(value, list):
        for item in value:
            spoil(item)
        value.append("spoilt")
    elif isinstance(value, dict):
        for item in value.values():
            spoil(item)
        value["spoilt"] = True
