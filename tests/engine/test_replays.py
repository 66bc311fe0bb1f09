"""Learning again: each record once, in its order, in the generation that it is meant for."""

import time
from typing import Any

import msgspec
import pytest

from models_app.domain.errors import NotReplayable, StorageUnavailable
from models_app.domain.learns import Learn
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, LearnAgain, ReplayTarget
from models_app.engine.engine import Engine
from models_app.engine.ports import Learned
from models_app.models import Replay, ServedModel
from tests.engine.conftest import MakeEngine, Recorder, Upload
from tests.engine.models import Counting, Fragile
from tests.storages import OurStorage


@pytest.fixture
def replay(upload: Upload) -> Replay:
    """A replay that has come to record 10."""
    upload(Counting())
    return Replay.objects.create(model=ServedModel.objects.get(), generation=1, from_generation=0, seq=10)


def again(
    replay: Replay, seq: int, *, generation: int = 1, scores_answers: bool = True, **x: object
) -> LearnAgain:
    record = Learn(
        prediction_id=f"p{seq}",
        features=msgspec.Raw(msgspec.json.encode(x)),
        prediction=msgspec.Raw(b"7.5"),
        ground_truth=1.0,
        predicted_at=3.0,
        learned_at=4.0,
    )
    return LearnAgain("model", record, ReplayTarget(replay.pk, generation, scores_answers), seq, time.time())


def in_one_batch(engine: Engine, *commands: Command) -> list[Any]:
    """Submit commands at once and return their results or errors."""
    outcomes = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    return outcomes.result(timeout=30)


class TestLearnAgain:
    def test_learns_scores_and_moves_the_replay_in_one(
        self, make_engine: MakeEngine, replay: Replay, storage: OurStorage
    ) -> None:
        recorder = Recorder()
        started_at = time.time()

        outcomes = in_one_batch(make_engine(recorder), *(again(replay, seq, x=1) for seq in (11, 12, 13)))

        assert outcomes == [1, 2, 3]
        replay.refresh_from_db()
        assert replay.seq == 13
        state = storage.find_state("model")
        assert state is not None
        journal = [learn for segment in storage.segments(state, 0) for learn in segment.learns]
        assert [learn.prediction_id for learn in journal] == ["p11", "p12", "p13"]
        assert {bytes(learn.prediction) for learn in journal} == {b"7.5"}
        assert {learn.predicted_at for learn in journal} == {3.0}
        assert all(learn.learned_at >= started_at for learn in journal)
        assert (
            recorder.events
            == [
                Learned(
                    model="model",
                    features=b'{"x":1}',
                    prediction=7.5,
                    ground_truth=1.0,
                    flavor="regression",
                )
            ]
            * 3
        )

    def test_scores_what_the_model_says_now_unless_it_is_asked_to(
        self, make_engine: MakeEngine, replay: Replay, storage: OurStorage
    ) -> None:
        commands = [again(replay, seq, scores_answers=False) for seq in (11, 12)]

        in_one_batch(make_engine(), *commands)

        state = storage.find_state("model")
        assert state is not None
        (segment,) = storage.segments(state, 0)
        assert [bytes(learn.prediction) for learn in segment.learns] == [b"0.0", b"1.0"]
        assert [learn.predicted_at for learn in segment.learns] == [None, None]

    def test_refuses_a_record_that_the_batch_has_already(
        self, make_engine: MakeEngine, replay: Replay
    ) -> None:
        first, twice, next_one = in_one_batch(
            make_engine(), again(replay, 11), again(replay, 11), again(replay, 12)
        )

        assert (first, next_one) == (1, 2)
        assert isinstance(twice, NotReplayable)
        replay.refresh_from_db()
        assert replay.seq == 12

    @pytest.mark.parametrize("seq", [10, 12])
    def test_writes_nothing_where_the_replay_is_elsewhere(
        self, make_engine: MakeEngine, replay: Replay, storage: OurStorage, seq: int
    ) -> None:
        (refused,) = in_one_batch(make_engine(), again(replay, seq))

        assert isinstance(refused, StorageUnavailable)
        replay.refresh_from_db()
        assert replay.seq == 10
        assert ServedModel.objects.get().seq == 0

    def test_is_for_its_generation_only(self, make_engine: MakeEngine, replay: Replay) -> None:
        (refused,) = in_one_batch(make_engine(), again(replay, 11, generation=2))

        assert isinstance(refused, NotReplayable)
        assert ServedModel.objects.get().seq == 0

    def test_that_spoils_the_model_leaves_what_came_before(
        self, make_engine: MakeEngine, upload: Upload, replay: Replay
    ) -> None:
        upload(Fragile())
        replay = Replay.objects.create(
            model=ServedModel.objects.get(), generation=2, from_generation=1, seq=0
        )
        good, bad = in_one_batch(
            make_engine(),
            again(replay, 1, generation=2),
            again(replay, 2, generation=2, bad=True),
        )

        assert good == 1
        assert isinstance(bad, Exception)
        replay.refresh_from_db()
        assert (replay.seq, ServedModel.objects.get().seq) == (1, 1)
