import math

import msgspec
import pytest

from models_app.domain import learns
from models_app.domain.errors import ModelRaised
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction


class TestSegment:
    def test_gives_back_what_was_learned(self) -> None:
        learn = Learn(
            prediction_id="42",
            features=msgspec.Raw(b'{"a": 0.1}'),
            prediction=msgspec.Raw(learns.encode_prediction({True: 0.25, "x": 0.75})),
            ground_truth=True,
            predicted_at=1.5,
            learned_at=2.5,
        )

        [back] = learns.decode(learns.encode([learn]))

        assert back.prediction_id == "42"
        assert back.x() == {"a": 0.1}
        assert back.y_pred() == {True: 0.25, "x": 0.75}
        assert back.y_true() is True
        assert (back.predicted_at, back.learned_at) == (1.5, 2.5)

    def test_keeps_the_type_of_each_ground_truth(self) -> None:
        truths: list[bool | int | float | str] = [True, 1, 1.0, "1"]
        segment = [
            Learn(
                prediction_id=None,
                features=msgspec.Raw(b'"text"'),
                prediction=msgspec.Raw(b"null"),
                ground_truth=truth,
                predicted_at=None,
                learned_at=0.0,
            )
            for truth in truths
        ]

        back = [learn.y_true() for learn in learns.decode(learns.encode(segment))]

        assert [(type(truth), truth) for truth in back] == [(type(truth), truth) for truth in truths]


class TestEncodePrediction:
    @pytest.mark.parametrize("prediction", ["\ud800", {"\udfff": 0.5}])
    def test_refuses_what_no_journal_can_keep(self, prediction: object) -> None:
        with pytest.raises(ModelRaised, match="cannot be kept"):
            learns.encode_prediction(prediction)  # type: ignore[arg-type]


class TestEncodePredictions:
    @pytest.mark.parametrize(
        "made",
        [
            [{True: 0.25, False: 0.75}, {True: 1.0}],
            [{"a": 0.5}, {}, None, {1.5: 0.5}],
            [1.5, -2.0],
            [1.5, math.inf, 3, None],
            ["a", True],
            [{"a": 0.5, 2: 0.5}, {"a": math.nan}],
            [],
        ],
    )
    def test_makes_of_many_what_is_made_of_each(self, made: list[Prediction]) -> None:
        texts = learns.encode_predictions(made)

        assert [bytes(text).decode() for text in texts] == [learns.encode_prediction(one) for one in made]

    @pytest.mark.parametrize("other", [0.5, None])
    def test_refuses_what_cannot_be_kept(self, other: float | None) -> None:
        with pytest.raises(ModelRaised, match="cannot be kept"):
            learns.encode_predictions([{"a": 0.5}, {"\ud800": other}])
