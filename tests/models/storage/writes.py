"""Writes, for tests of storage."""

import time
from typing import Any

import msgspec

from models_app.domain.learns import Learn
from models_app.engine.ports import ModelState, Pending, Write
from models_app.models import ServedModel


def one_learn(state: ModelState, **options: Any) -> Write:
    learn = Learn(
        prediction_id=None,
        features=msgspec.Raw(b"{}"),
        prediction=msgspec.Raw(b"0.0"),
        ground_truth=1.0,
        predicted_at=None,
        learned_at=time.time(),
    )
    return Write(state=state, seq=state.seq, learns=[learn], **options)


def one_prediction(state: ModelState, prediction_id: str = "1") -> Write:
    pending = Pending(
        prediction_id=prediction_id,
        model_id=state.model_id,
        model_name=state.name,
        token=7,
        features="{}",
        prediction="0.0",
        predicted_at=time.time(),
        flavor=state.flavor,
    )
    return Write(state=state, seq=state.seq, predicted={prediction_id: pending}, n_predictions=1)


def seqs() -> list[int]:
    return list(ServedModel.objects.order_by("name").values_list("seq", flat=True))
