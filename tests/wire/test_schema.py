"""The schema of records and answers: what is read and written is as it says."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from msgspec import Raw
from openapi_schema_validator import OAS30Validator

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.predictions import Prediction
from models_app.wire import events, reading, schema, writing
from tests.api.strange import odd_objects, text_of


def fits(name: str, value: object) -> bool:
    """Say whether a value is as the component says."""
    whole = {**schema.named(name), "components": {"schemas": schema.COMPONENTS}}
    return bool(OAS30Validator(whole).is_valid(value))


PREDICTIONS: list[Prediction] = [
    1.5, 2, None, math.nan, True, "cat", {}, {True: 0.25, False: None}, {3: math.inf, "a": 1},
]  # fmt: skip


class TestComponents:
    @pytest.mark.parametrize("prediction", PREDICTIONS, ids=repr)
    def test_are_what_is_written(self, prediction: Prediction) -> None:
        answer = ("house", prediction)
        event = {"model": "house", "features": b'{"area": 70}', "prediction": prediction}

        assert fits("Prediction", json.loads(writing.predicted(answer)))
        for record in (
            writing.record(answer),
            writing.record(answer, Raw(b"[1]")),
            writing.record(5, Raw(b"null")),
        ):
            assert fits("RecordAnswer", json.loads(record))
        assert fits("PredictEvent", json.loads(events.predicted(**event)))  # type: ignore[arg-type]
        assert fits("LearnEvent", json.loads(events.learned(**event, ground_truth=True)))  # type: ignore[arg-type]

    @pytest.mark.parametrize("message", ["No.", {"features": ["required field"]}])
    def test_are_what_is_refused(self, message: Any) -> None:
        assert fits("RecordRefused", json.loads(writing.refused("invalid_request", message)))
        assert fits("RecordAnswer", json.loads(writing.refused("invalid_request", message, Raw(b"7"), 1)))

    @given(odd_objects)
    def test_are_what_is_read(self, record: dict[str, Any]) -> None:
        asked, _ = reading.record(text_of(record), None, 1.0)

        if not isinstance(asked, ChantillyError):
            assert fits("Record", record)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Prediction", {"model": "house"}),
            ("Prediction", {"model": "house", "prediction": 1, "ref": 5}),
            ("RecordAnswer", {"error": "invalid_request"}),
            ("RecordAnswer", {"error": "invalid_request", "message": "No.", "line": 0}),
            ("Error", {"message": 5}),
            ("Record", {"op": "forget"}),
            ("Record", {"id": 1.5}),
            ("Record", {"id": "x" * 201}),
            ("Record", {"colour": 1}),
            ("LearnRequest", {"ground_truth": None}),
            ("InitRequest", {"flavor": "none"}),
        ],
    )
    def test_are_not_what_anything_fits(self, name: str, value: object) -> None:
        assert not fits(name, value)

    @pytest.mark.parametrize(
        ("read", "name"), [(reading.predict, "PredictRequest"), (reading.learn, "LearnRequest")]
    )
    def test_refuse_what_is_refused(self, read: Any, name: str) -> None:
        for record in ({"features": 5, "ground_truth": 1}, {"features": {}, "ground_truth": 1, "colour": 1}):
            with pytest.raises(InvalidRequest):
                read(text_of(record), 1.0)
            assert not fits(name, record)
