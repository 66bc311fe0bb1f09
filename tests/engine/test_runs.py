"""Learns that come one after the other are one run of a batch: nothing tells it from one by one."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from river import linear_model, naive_bayes, preprocessing

from models_app.domain import blobs, features, scoring
from models_app.domain.scoreboards import Scoreboard
from models_app.engine.batches import Batch
from models_app.engine.commands import Command, LearnById, LearnFeatures, Predict
from models_app.engine.hot import HotModel
from models_app.engine.ports import Learned, ModelState, SnapshotData
from models_app.paradigms.registry import get_flavor
from models_app.services.handing.passes import withdraw
from models_app.wire.codec import outcome_value

NOON = 1_790_000_000.25

MODELS: dict[str, Any] = {
    "regression": preprocessing.StandardScaler() | linear_model.LinearRegression(),
    "binary": preprocessing.StandardScaler() | linear_model.LogisticRegression(),
    "multiclass": naive_bayes.GaussianNB(),
}
TRUTHS: dict[str, list[Any]] = {
    "regression": [1.0, 2, True, "no number", None],
    "binary": [True, False, 1, "neither", None],
    "multiclass": ["a", "b", 1, 2.5, None],
}
FEATURES = [b'{"a":1.5,"b":-2}', b'{"a":0.25,"c":[1]}', b'{"a":"text"}', b"{}"]


@dataclass(frozen=True)
class Step:
    """What a command is made of."""

    kind: str
    text: bytes
    truth: int
    seconds: float
    relies_on_default: bool

    def command(self, flavor: str, number: int) -> Command:
        """Return a command of its own for each batch."""
        at, text = NOON + self.seconds, self.text
        y_true = TRUTHS[flavor][self.truth]
        name = None if self.relies_on_default else "model"
        if self.kind == "predict":
            return Predict(name, text, features.decode(text), f"p{number}", at)
        if self.kind == "by id":
            return LearnById(name, f"p{number - 1}", y_true, at)
        command = LearnFeatures(name, text, features.decode(text), y_true, at)
        if self.kind == "permitted":
            command.permits = "model".__eq__
        return command


STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(["learn"] * 8 + ["predict", "by id", "permitted"]),
        text=st.sampled_from(FEATURES[:1] * 6 + FEATURES),
        truth=st.sampled_from([0, 1] * 6 + [2, 3, 4]),
        seconds=st.sampled_from([0.0, 1.0, 2.0]),
        relies_on_default=st.booleans(),
    ),
    max_size=20,
)


def outcome(flavor: str, steps: list[Step], *, is_careful: bool) -> tuple[Any, ...]:
    """Return all that comes of a batch."""
    state = ModelState(model_id=1, name="model", flavor=flavor, generation=1, seq=0, is_default=True)
    metrics = blobs.dumps(get_flavor(flavor).new_metrics())
    hot = HotModel(state, SnapshotData(seq=0, model=blobs.dumps(MODELS[flavor]), metrics=metrics))
    commands = [step.command(flavor, number) for number, step in enumerate(steps)]
    batch = Batch(state, hot, {}, wants_events=True, is_careful=is_careful)
    n_applied = batch.apply(commands, float("inf"))
    assert not batch.is_void
    found: list[Any] = [
        n_applied,
        batch.spoiled,
        [(commands.index(command), outcome_value(error or value)) for command, value, error in batch.answers],
        batch.write.relies_on_default,
        batch.refused,
        hot.learned_at,
    ]
    if not batch.spoiled:
        kept = hot.snapshot()
        board = Scoreboard.of(blobs.loads(kept.metrics))
        found += [hot.seq, kept.model, scoring.values(board.metrics), board.label_type]
        found += [batch.write.learns, batch.events]
    return tuple(found)


class TestRuns:
    @settings(max_examples=150, deadline=None)
    @given(flavor=st.sampled_from(sorted(MODELS)), steps=STEPS)
    @example(flavor="regression", steps=[Step("learn", FEATURES[0], 0, 0.0, False)] * 3)
    def test_are_what_one_by_one_comes_to(self, flavor: str, steps: list[Step]) -> None:
        assert outcome(flavor, steps, is_careful=False) == outcome(flavor, steps, is_careful=True)

    @pytest.mark.parametrize("is_careful", [False, True])
    def test_end_when_the_time_is_up(self, is_careful: bool) -> None:
        state = ModelState(
            model_id=1, name="model", flavor="regression", generation=1, seq=0, is_default=True
        )
        model = blobs.dumps(MODELS["regression"])
        hot = HotModel(state, SnapshotData(seq=0, model=model, metrics=blobs.dumps([])))
        batch = Batch(state, hot, {}, wants_events=False, is_careful=is_careful)
        commands = [Step("learn", FEATURES[0], 0, 0.0, False).command("regression", k) for k in range(9)]

        assert batch.apply(commands, time.perf_counter() - 1.0) == 1
        assert len(batch.answers) == len(batch.write.learns) == hot.seq == 1

    def test_are_written_down_as_they_were_learned_whoever_withdraws_them_meanwhile(self) -> None:
        state = ModelState(
            model_id=1, name="model", flavor="regression", generation=1, seq=0, is_default=True
        )
        metrics = blobs.dumps(get_flavor("regression").new_metrics())
        hot = HotModel(state, SnapshotData(seq=0, model=blobs.dumps(MODELS["regression"]), metrics=metrics))
        commands = [Step("learn", FEATURES[0], 0, 0.0, False).command("regression", k) for k in range(9)]
        learn_one = hot._learn_one

        def withdraws(x: Any, y: Any) -> None:
            learn_one(x, y)
            for command in commands[:5]:
                withdraw(command, keeps_predictions=True)

        hot._learn_one = withdraws
        batch = Batch(state, hot, {}, wants_events=True, is_careful=False)
        batch.apply(commands, float("inf"))

        # The first was learned before, the next four were not; all others are as they came.
        assert [learn.ground_truth for learn in batch.write.learns] == [1.0] * 5
        assert [event.ground_truth for event in batch.events if isinstance(event, Learned)] == [1.0] * 5
        assert [error is None for _, _, error in batch.answers] == [True, *[False] * 4, *[True] * 4]
