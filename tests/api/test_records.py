"""Records that are read together, and what they are answered."""

import asyncio
import json
import logging
from typing import Any

import msgspec
import pytest

from models_app.api.records import Submission
from models_app.api.sockets import _records
from models_app.domain.errors import InvalidRequest, ServerStopping
from models_app.wire.reading import Text
from tests.api.engines import engine_stops
from tests.own_models import Odd
from tests.services.instances import Instance

X = {"x": 1.0}


def answers(*records: object, op: str | None = None, first_line: int | None = None) -> list[Any]:
    """Return the answers to records: JSON texts, or what is to become one."""
    texts: list[Text] = [
        record if isinstance(record, bytes | InvalidRequest) else json.dumps(record).encode()
        for record in records
    ]

    async def run() -> list[Any]:
        submission = Submission(texts, op)
        assert len(submission) == len(texts)
        return [json.loads(answer) for answer in await submission.answers(first_line)]

    return asyncio.run(run())


def codes(*records: object, op: str | None = None) -> list[str | None]:
    """Return the codes of the refusals; None for what was done."""
    return [answer.get("error") for answer in answers(*records, op=op)]


@pytest.fixture
def served(instance: Instance) -> Instance:
    instance.upload("first")
    instance.upload("second")
    return instance


class TestSubmission:
    def test_answers_each_record_in_its_place(self, served: Instance) -> None:
        found = answers(
            {"op": "predict", "features": X, "id": 1},
            {"op": "learn", "id": "1", "ground_truth": True},
            {"id": 1, "ground_truth": True},
            {"features": X, "model": "first"},
            b"nonsense",
            {"features": X, "ground_truth": False, "ref": {"n": 5}},
            {"features": X, "id": 1},
        )

        even = {"true": 0.5, "false": 0.5}
        assert found[0] == {"model": "second", "prediction": even}
        assert found[1] == {}
        assert found[2] == {
            "error": "prediction_not_pending",
            "message": "No information stored for ID '1'.",
        }
        assert found[3] == {"model": "first", "prediction": even}
        assert found[4]["error"] == "invalid_request"
        assert found[5] == {"ref": {"n": 5}}
        assert found[6]["prediction"] != even
        assert (served.state("first").seq, served.state("second").seq) == (0, 2)

    def test_names_lines_where_lines_are_counted(self, served: Instance) -> None:
        found = answers(b"", {"features": X}, {"op": "learn", "ground_truth": True}, first_line=7)

        assert [answer.get("line") for answer in found] == [7, None, 9]
        assert [answer.get("line") for answer in answers(b"")] == [None]

    def test_takes_the_ground_truth_for_a_learn_unless_the_record_says_otherwise(
        self, served: Instance
    ) -> None:
        assert answers({"features": X, "ground_truth": True}) == [{}]
        assert "prediction" in answers({"features": X})[0]
        assert codes({"op": "predict", "features": X, "ground_truth": True}) == ["invalid_request"]

    def test_takes_what_the_route_says_where_there_is_one(self, served: Instance) -> None:
        assert codes({"features": X, "ground_truth": True}, op="learn") == [None]
        assert codes({"features": X}, op="learn") == ["invalid_request"]
        assert codes({"features": X, "ground_truth": True}, op="predict") == ["invalid_request"]
        # What the record says itself counts more.
        assert codes({"op": "predict", "features": X}, op="learn") == [None]

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            (b"", "The body is not valid JSON: Expecting value: line 1 column 1 (char 0)."),
            (b"[]", "The body must be a JSON object."),
            (b"5", "The body must be a JSON object."),
            ({}, {"features": ["required field"]}),
            ({"op": "learn"}, {"ground_truth": ["required field"]}),
            ({"op": "forget", "features": X}, {"op": ["must be 'predict' or 'learn'"]}),
            ({"op": 5, "features": X}, {"op": ["must be 'predict' or 'learn'"]}),
            ({"features": X, "colour": 1}, {"colour": ["unknown field"]}),
            ({"features": X, "id": 1.5}, {"id": ["must be an integer or a string"]}),
            ({"features": 5}, {"features": ["must be an object or a string"]}),
            ({"features": X, "ground_truth": []}, None),
            (b'{"features": {"x": NaN}}', None),
            (b'{"features": {"x": 1e999}}', {"features": ["x: must be a finite number"]}),
            (b'{"features": {}, "ref": "\xff"}', {"ref": ["must be valid UTF-8"]}),
            (InvalidRequest("Too long."), "Too long."),
        ],
        ids=repr,
    )
    def test_refuses_a_bad_record_and_says_why(
        self, served: Instance, record: object, message: object
    ) -> None:
        (bad, good) = answers(record, {"features": X})

        assert bad["error"] == "invalid_request"
        assert message is None or bad["message"] == message
        assert set(bad) == {"error", "message"}
        assert "prediction" in good
        assert served.state("second").seq == 0

    def test_refuses_a_learn_with_neither_id_nor_features(self, served: Instance) -> None:
        assert codes({"ground_truth": True}) == ["no_features"]

    @pytest.mark.parametrize("ref", [5, "a", None, [1, {"b": 2}], {}, 1e300, "é"], ids=repr)
    def test_echoes_references_of_refusals_too(self, served: Instance, ref: object) -> None:
        found = answers(
            {"features": X, "ref": ref},
            {"features": X, "ground_truth": True, "ref": ref},
            {"op": "learn", "id": "unknown", "ground_truth": True, "ref": ref},
            {"op": "learn", "ref": ref},
            {"fetures": X, "ref": ref},
            {"features": X, "model": "nobody", "ref": ref},
            {"features": 5, "ref": ref},
        )

        assert [answer["ref"] for answer in found] == [ref] * 7
        assert [answer.get("error") for answer in found[:2]] == [None, None]
        assert all(answer["error"] for answer in found[2:])

    def test_knows_no_reference_of_what_is_no_object(self, served: Instance) -> None:
        assert [
            set(answer) for answer in answers(b'{"ref": 5', b"[5]", b'{"feature": {}, "ref": "\xff"}')
        ] == [{"error", "message"}] * 3

    def test_answers_the_others_where_one_answer_is_no_json(self, served: Instance) -> None:
        served.upload("odd", Odd())

        found = answers(
            {"features": X, "model": "odd"},
            {"features": X, "model": "odd", "id": 1},
            {"features": X, "model": "odd", "ground_truth": True},
            {"features": X, "model": "first"},
        )

        assert [answer.get("error") for answer in found] == ["model_raised"] * 3 + [None]
        assert all("surrogates not allowed" in answer["message"] for answer in found[:3])
        assert found[3]["model"] == "first"
        assert served.state("odd").seq == 0

    def test_says_of_what_was_not_foreseen_only_that_it_was_not(
        self, served: Instance, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def run() -> list[bytes]:
            submission = Submission([b'{"features": {}, "ref": 1}'])
            await submission.answered()
            # As an engine thread would have it, that found a damaged row.
            submission._bundle.outcomes[0] = KeyError("secret")
            return await submission.answers()

        with caplog.at_level(logging.ERROR, "models_app.api.records"):
            (answer,) = asyncio.run(run())

        assert json.loads(answer) == {"error": "internal_error", "message": "Internal error.", "ref": 1}
        assert [record.getMessage() for record in caplog.records] == ["a record failed"]

    def test_may_be_empty(self, served: Instance) -> None:
        assert answers() == []

    def test_is_refused_whole_by_a_server_that_stops(self, served: Instance) -> None:
        engine_stops()

        with pytest.raises(ServerStopping):
            answers({"features": X})


class TestMessages:
    @pytest.mark.parametrize(
        ("message", "texts", "is_list"),
        [
            (b"{}", [b"{}"], False),
            (b'[{"a": 1}, 5 ,[]]', [b'{"a": 1}', b"5", b"[]"], True),
            (b" \n[]", [], True),
            (b"", [b""], False),
            (b"[1", [b"[1"], False),
            (b"[" * 5000, [b"[" * 5000], False),
        ],
        ids=lambda value: repr(value)[:30],
    )
    def test_are_a_record_or_a_list_of_them(self, message: bytes, texts: list[bytes], is_list: bool) -> None:
        found, was_list = _records(message)

        assert [bytes(text) for text in found] == texts
        assert was_list is is_list
        assert all(isinstance(text, bytes | msgspec.Raw) for text in found)
