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
            ('"\\ud800"', "truncated"),
            ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ],
    )
    def test_says_what_is_wrong(self, text: str | bytes, reason: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            features.decode(text)

        assert isinstance(refusal.value.message, dict)
        assert reason in refusal.value.message["features"][0]


class TestCopied:
    @pytest.mark.parametrize(
        "text",
        [
            b'{"a": [1.0, 2.0]}',
            b'{"a": {"b": 1.0}}',
            b'{"a": [{"b": []}], "c": "["}',
            b'{"a": "{", "b": [[]]}',
        ],
    )
    def test_shares_nothing_that_a_model_can_write_to(self, text: bytes) -> None:
        x = features.decode(text)

        copy = features.copied(x, text)

        assert copy == x
        assert isinstance(copy, dict)
        assert isinstance(x, dict)
        assert copy["a"] is not x["a"] or isinstance(x["a"], str)
        copy["a"] = copy["c"] = None
        assert features.decode(text) == x

    def test_gives_a_text_back(self) -> None:
        assert features.copied("good morning", b'"good morning"') == "good morning"
