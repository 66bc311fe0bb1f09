"""One request in each of its guises: the same is asked of the engine."""

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain import features
from models_app.domain.errors import MAX_REASONS, ChantillyError, InvalidRequest, ModelNotFound
from models_app.engine.commands import Command, LearnFeatures
from models_app.services.files import FileRecord, Format, Layout, Source, records
from models_app.services.files.encodings import Encoding
from models_app.wire import arrays, codec, fields, reading, requests
from models_app.wire.bodies import BodyReader
from models_app.wire.commands import learn_command, predict_command

NOW = 1.5

x = st.dictionaries(st.text(max_size=5), st.integers(-9, 9) | st.text(max_size=5), max_size=3) | st.text()
ids = st.integers(-(10**30), 10**30) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=9
)
truths = (
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
models = st.sampled_from(["house", "taxi ride", "maïs"])


def encoded(command: Command) -> bytes:
    """Return a command as bytes that say all of it."""
    return msgspec.msgpack.encode(codec.command_value(command))


def of_record(record: dict[str, Any], op: str | None = None) -> bytes:
    """Return what one of many records asks, as bytes."""
    (text,) = arrays.items(json.dumps([record]).encode())
    asked, ref = reading.record(text, op, NOW)
    assert not isinstance(asked, ChantillyError), asked
    assert ref is msgspec.UNSET
    return encoded(asked)


def of_line(text: bytes, *, has_ground_truth: bool) -> bytes:
    """Return what a line of a file asks, as the commands make it."""
    source = Source(
        io.BufferedReader(io.BytesIO(text + b"\n")),
        name="lines",
        max_line_bytes=1 << 20,
        guess=lambda _: Encoding("utf-8"),
    )
    layout = Layout(format=Format.NDJSON, is_flat=False, has_ground_truth=has_ground_truth)
    (record,) = records(source, layout)
    assert isinstance(record, FileRecord), record
    if record.ground_truth is None:
        return encoded(
            predict_command(
                features_json=record.features, prediction_id=record.prediction_id, model=record.model, now=NOW
            )
        )
    return encoded(
        learn_command(
            ground_truth=record.ground_truth,
            prediction_id=record.prediction_id,
            features_json=record.features,
            model=record.model,
            now=NOW,
        )
    )


class TestOneRequest:
    @given(st.fixed_dictionaries({"features": x}, optional={"id": ids, "model": models}))
    def test_to_predict_asks_the_same_in_each_guise(self, record: dict[str, Any]) -> None:
        body = json.dumps(record).encode()

        asked = encoded(reading.predict(body, NOW))

        assert of_record(record) == of_record(record, "predict") == asked
        assert of_record(record | {"op": "predict"}, "learn") == asked
        assert of_line(body, has_ground_truth=False) == asked

    @given(st.fixed_dictionaries({"features": x, "ground_truth": truths}, optional={"model": models}))
    def test_to_learn_asks_the_same_in_each_guise(self, record: dict[str, Any]) -> None:
        body = json.dumps(record).encode()

        asked = encoded(reading.learn(body, NOW))

        assert of_record(record) == of_record(record, "learn") == asked
        assert of_line(body, has_ground_truth=True) == asked

    @given(
        st.fixed_dictionaries({"id": ids, "ground_truth": truths}, optional={"model": models, "features": x})
    )
    def test_to_learn_by_id_asks_the_same_in_each_guise(self, record: dict[str, Any]) -> None:
        asked = encoded(reading.learn(json.dumps(record).encode(), NOW))

        assert of_record(record) == of_record(record, "learn") == asked

    @pytest.mark.parametrize("record", [{}, {"id": 1}, {"model": "house"}])
    def test_to_predict_may_be_empty_for_the_model_to_judge(self, record: dict[str, Any]) -> None:
        asked = reading.predict(json.dumps(record).encode(), NOW)

        assert (asked.has_members, asked.x, asked.text) == (True, {}, b"{}")
        assert of_record(record) == of_record(record, "predict") == encoded(asked)

    def test_to_learn_may_be_a_ground_truth_alone_for_the_model_to_judge(self) -> None:
        record = {"ground_truth": 2.5, "model": "house"}

        asked = reading.learn(json.dumps(record).encode(), NOW)

        assert isinstance(asked, LearnFeatures)
        assert (asked.has_members, asked.x, asked.text, asked.ground_truth) == (True, {}, b"{}", 2.5)
        assert of_record(record) == encoded(asked)

    @pytest.mark.parametrize(
        ("said", "truth"),
        [
            ({"item": "tea"}, {"item": "tea"}),
            ({"item": 7, "ground_truth": 4.5}, {"item": 7, "rating": 4.5}),
            # What was asked comes once more.
            ({"item": 7, "user": "ann", "ground_truth": 4.5}, 4.5),
        ],
    )
    def test_to_learn_by_id_names_the_item_that_was_taken(self, said: dict[str, Any], truth: Any) -> None:
        record = {"id": 1, **said}

        asked = reading.learn(json.dumps(record).encode(), NOW)

        assert asked.ground_truth == truth
        assert of_record({"op": "learn", **record}) == encoded(asked)


class TestRefusals:
    @pytest.mark.parametrize(
        ("xs", "reason"),
        [
            (b"[" * 200 + b"]" * 200, "must not be nested deeper than 100 levels"),
            (b"[" + b"1," * 100_000 + b"1]", "must not have more than 100,000 values"),
        ],
    )
    def test_of_what_comes_beside_features_do_not_name_these(self, xs: bytes, reason: str) -> None:
        with pytest.raises(InvalidRequest) as predicted:
            reading.predict(b'{"horizon": 2, "xs": %s}' % xs, NOW)
        with pytest.raises(InvalidRequest) as learned:
            reading.learn(b'{"ground_truth": 1, "xs": %s}' % xs, NOW)

        assert isinstance(predicted.value.message, str)
        assert reason in predicted.value.message
        assert learned.value.message == predicted.value.message

    def test_of_a_name_that_no_model_has_have_the_reference(self) -> None:
        refusal, ref = reading.record(b'{"features": {}, "model": "a\\u0000b", "ref": 7}', None, NOW)

        assert isinstance(refusal, ModelNotFound)
        assert ref == msgspec.Raw(b"7")


class TestBodyReader:
    @pytest.mark.parametrize(
        "kind",
        [
            requests.InitRequest,
            requests.PredictRequest,
            requests.LearnRequest,
            requests.Record,
            requests.LearnLine,
        ],
    )
    def test_says_of_each_field_of_each_request_what_it_must_be(self, kind: type[msgspec.Struct]) -> None:
        names = [field.name for field in msgspec.structs.fields(kind)]
        required = [field.name for field in msgspec.structs.fields(kind) if field.required]
        reader: BodyReader[Any, Any] = BodyReader(kind)

        with pytest.raises(InvalidRequest) as refused:
            reader.read(json.dumps(dict.fromkeys([*names, "colour"], float("nan"))).encode())
        with pytest.raises(InvalidRequest) as empty:
            reader.read(b"{" if not required else b"{}")

        assert isinstance(refused.value.message, dict)
        assert list(refused.value.message) == [*names, "colour"][:MAX_REASONS]
        assert refused.value.message.get("colour", ["unknown field"]) == ["unknown field"]
        if required:
            assert empty.value.message == {name: ["required field"] for name in required}

    def test_says_of_a_long_body_which_field_is_no_text(self) -> None:
        body = b'{"features": "%s", "model": "\xff"}' % (b"x" * features.MAX_EXPLAINED_BYTES)

        with pytest.raises(InvalidRequest) as refused:
            BodyReader(requests.PredictRequest).read(body)

        assert isinstance(refused.value.message, dict)
        assert refused.value.message.keys() == {"model"}
        assert "can't decode byte" in refused.value.message["model"][0]

    def test_takes_no_field_that_nothing_is_said_of(self) -> None:
        class Wrong(msgspec.Struct):
            size: int

        with pytest.raises(TypeError, match="nothing says"):
            BodyReader(Wrong)

    def test_knows_a_field_that_may_be_long(self) -> None:
        assert fields.expected(fields.Features | msgspec.UnsetType).may_be_long
        assert not fields.expected(fields.Id).may_be_long
