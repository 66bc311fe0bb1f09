"""Clocks that are set while models learn: the times of a journal never run backwards."""

from itertools import count, pairwise

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from river import linear_model

from models_app.domain import blobs
from models_app.domain.learns import Learn
from models_app.engine.batches import Batch
from models_app.engine.commands import (
    Command,
    Evict,
    LearnAgain,
    LearnById,
    LearnFeatures,
    Predict,
    ReplayTarget,
    TakeSnapshot,
)
from models_app.engine.hot import HotModel
from models_app.engine.ports import ModelState, SnapshotData
from models_app.models import Replay, ServedModel
from models_app.services.rolling_back import roll_back
from tests.engine.conftest import MakeEngine, Upload, submit_all
from tests.storages import OurStorage

NOON = 1_790_000_000.25
DAY = 86_400.0

STATE = ModelState(model_id=1, name="model", flavor="regression", generation=1, seq=0, is_default=True)


def predict(prediction_id: str, at: float) -> Predict:
    return Predict("model", b'{"x":1.0}', {"x": 1.0}, prediction_id, at)


def learn(at: float) -> LearnFeatures:
    return LearnFeatures("model", b'{"x":1.0}', {"x": 1.0}, 2.0, at)


def learn_by_id(prediction_id: str, at: float) -> LearnById:
    return LearnById("model", prediction_id, 2.0, at)


def journal(storage: OurStorage) -> list[Learn]:
    state = storage.find_state("model")
    assert state is not None
    return [some for segment in storage.segments(state, 0) for some in segment.learns]


def runs_forward(learns: list[Learn]) -> bool:
    times = [some.learned_at for some in learns]
    delays = [some.learned_at - some.predicted_at for some in learns if some.predicted_at is not None]
    return all(a <= b for a, b in pairwise(times)) and all(delay >= 0 for delay in delays)


def fresh_model() -> HotModel:
    model = blobs.dumps(linear_model.LinearRegression())
    return HotModel(STATE, SnapshotData(seq=0, model=model, metrics=blobs.dumps([])))


class TestTimesOfAJournal:
    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["predict", "learn", "by id"]), st.floats(0.0, 4e9, allow_nan=False)),
            max_size=12,
        )
    )
    def test_run_forward_wherever_the_clock_is_set(self, steps: list[tuple[str, float]]) -> None:
        numbers = count()
        commands: list[Command] = []
        pending: list[str] = []
        for kind, at in steps:
            if kind == "learn":
                commands.append(learn(at))
            elif kind == "by id" and pending:
                commands.append(learn_by_id(pending.pop(0), at))
            else:
                pending.append(f"p{next(numbers)}")
                commands.append(predict(pending[-1], at))
        batch = Batch(STATE, fresh_model(), {}, wants_events=False)

        batch.apply(commands, float("inf"))

        assert [error for _, _, error in batch.answers if error is not None] == []
        assert runs_forward(batch.write.learns)

    def test_are_the_clocks_where_that_runs_forward(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())

        submit_all(make_engine(), [predict("1", NOON), learn_by_id("1", NOON + 60), learn(NOON + 61)])

        assert [(some.predicted_at, some.learned_at) for some in journal(storage)] == [
            (NOON, NOON + 60),
            (None, NOON + 61),
        ]

    def test_stand_still_until_a_clock_that_was_set_back_has_caught_up(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()

        for at in (NOON + DAY, NOON, NOON + 1, NOON + DAY + 1):
            submit_all(engine, [learn(at)])

        times = [some.learned_at for some in journal(storage)]
        assert times == [NOON + DAY, NOON + DAY, NOON + DAY, NOON + DAY + 1]

    def test_show_no_delay_where_nobody_knows_it(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()

        submit_all(engine, [predict("ahead", NOON + DAY), learn(NOON + DAY)])
        submit_all(engine, [learn_by_id("ahead", NOON)])
        submit_all(engine, [predict("behind", NOON + 1)])
        submit_all(engine, [learn_by_id("behind", NOON + 2)])

        delays = [some.learned_at - some.predicted_at for some in journal(storage) if some.predicted_at]
        assert delays == [0.0, 0.0]
        timings = engine.find_timings("model", ServedModel.objects.get().pk, 1)
        assert timings is not None
        assert (timings.delay.n, timings.delay.seconds) == (2, 0.0)

    @pytest.mark.parametrize("has_snapshot", [True, False])
    @pytest.mark.parametrize("microseconds", [0.25, 0.5, 0.75])
    def test_run_forward_over_a_restart(
        self,
        make_engine: MakeEngine,
        upload: Upload,
        storage: OurStorage,
        has_snapshot: bool,
        microseconds: float,
    ) -> None:
        upload(linear_model.LinearRegression())
        before = make_engine()
        submit_all(before, [learn(NOON + DAY + microseconds / 1e6)])
        if has_snapshot:
            before.call(TakeSnapshot("model"))

        submit_all(make_engine(), [learn(NOON)])

        assert runs_forward(journal(storage))
        assert len(journal(storage)) == 2

    def test_run_forward_after_what_another_process_has_learned(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        here, there = make_engine(), make_engine()

        submit_all(here, [learn(NOON)])
        submit_all(there, [learn(NOON + DAY)])
        submit_all(here, [learn(NOON + 1)])

        assert runs_forward(journal(storage))
        assert len(journal(storage)) == 3

    def test_run_forward_over_an_eviction(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()
        submit_all(engine, [learn(NOON + DAY)])
        engine.call(Evict("model"))

        submit_all(engine, [learn(NOON)])

        assert runs_forward(journal(storage))

    def test_run_forward_from_one_generation_to_the_next(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()
        submit_all(engine, [learn(NOON + DAY)])
        left = journal(storage)
        roll_back(name="model", seq=0, now=timezone.now())

        submit_all(engine, [learn(NOON)])

        assert runs_forward(left + journal(storage))

    def test_begin_anew_with_an_upload(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()
        submit_all(engine, [learn(NOON + DAY)])
        upload(linear_model.LinearRegression())

        submit_all(engine, [learn(NOON)])

        assert [some.learned_at for some in journal(storage)] == [NOON]

    def test_of_what_is_learned_again_come_after_its_prediction(
        self, make_engine: MakeEngine, upload: Upload, storage: OurStorage
    ) -> None:
        upload(linear_model.LinearRegression())
        engine = make_engine()
        submit_all(engine, [predict("1", NOON + DAY)])
        submit_all(engine, [learn_by_id("1", NOON + DAY + 5)])
        (learned,) = journal(storage)
        roll_back(name="model", seq=0, now=timezone.now())
        model = ServedModel.objects.get()
        ServedModel.objects.update(last_learned_at=None)
        replay = Replay.objects.create(model=model, generation=2, from_generation=1, seq=0)

        submit_all(engine, [LearnAgain("model", learned, ReplayTarget(replay.pk, 2, True), 1, NOON)])

        assert runs_forward(journal(storage))
        assert len(journal(storage)) == 1
