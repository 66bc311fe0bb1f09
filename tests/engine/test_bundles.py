"""Commands that are submitted and answered together."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from river import datasets

from models_app.domain import blobs
from models_app.domain.errors import ModelNotFound, ModelRaised, PredictionNotPending, ServerStopping
from models_app.domain.fingerprints import fingerprint
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Export, Predict
from models_app.engine.delivery import deliver
from models_app.engine.engine import Engine
from models_app.models import JournalSegment, PendingPrediction
from tests.engine.conftest import MakeEngine, Upload, learn, learn_by_id, predict, submit_all
from tests.engine.models import Counting, Fragile, Slow, linear_regression

# Even a row that is taken back in the same transaction.
_REFUSE_ROWS = """
CREATE TRIGGER refuse_rows BEFORE INSERT ON models_app_pendingprediction
BEGIN SELECT RAISE(ABORT, 'a row was written'); END
"""


def outcomes(engine: Engine, commands: Sequence[Command]) -> list[Any]:
    """Submit commands as one bundle and return their results or errors."""
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    return answered.result(timeout=30)


def kinds(found: Sequence[object]) -> list[type]:
    return [type(outcome) for outcome in found]


def truths(engine: Engine, name: str = "model") -> list[float]:
    found: list[float] = blobs.loads(engine.call(Export(name))).truths
    return found


class TestBundle:
    def test_may_take_longer_turns_than_single_requests(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(turn_seconds=Slow.seconds)
        upload(Slow(), "single")
        upload(Slow(), "stream")

        submit_all(engine, [learn("single", {}, 1.0) for _ in range(4)])
        outcomes(engine, [learn("stream", {}, 1.0) for _ in range(4)])

        segments = Counter(JournalSegment.objects.values_list("model__name", flat=True))
        assert segments["single"] == 4
        assert segments["stream"] < 4

    def test_is_answered_in_order_with_refusals_in_their_place(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting(), "a")
        upload(Counting(), "b")

        found = outcomes(
            engine,
            [
                learn("a", {}, 1.0),
                predict("nobody", {}),
                learn("b", {}, 1.0),
                predict("a", {}),
                learn_by_id("unheard-of", 1.0),
                predict(None, {}),
                learn("a", {}, 1.0),
            ],
        )

        assert found[0] == 1
        assert isinstance(found[1], ModelNotFound)
        assert found[2] == 1
        assert found[3] == ("a", 1.0)
        assert isinstance(found[4], PredictionNotPending)
        assert found[5][0] == "b"
        assert found[6] == 2

    def test_predicts_and_learns_the_same_id_in_the_order_of_its_commands(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting())
        commands = [
            command
            for number in range(200)
            for command in (
                predict("model", {"n": float(number)}, "x"),
                learn_by_id("x", float(number)),
                learn_by_id("x", -1.0),
                predict("model", {"n": -1.0}, "x"),
            )
        ]

        found = outcomes(engine, commands)

        assert [outcome[1] for outcome in found[0::4]] == list(range(200))
        assert found[1::4] == list(range(1, 201))
        assert kinds(found[2::4]) == [PredictionNotPending] * 200
        assert [outcome[1] for outcome in found[3::4]] == list(range(1, 201))
        assert truths(engine) == list(range(200))
        assert PendingPrediction.objects.count() == 1

    def test_keeps_its_order_over_many_turns(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(batch_size=3)
        upload(Counting())
        # Knowing the default model, the engine need not look it up.
        engine.call(predict(None, {}))

        found = outcomes(engine, [learn(None, {}, float(number)) for number in range(100)])

        assert found == list(range(1, 101))
        assert truths(engine) == list(range(100))

    def test_goes_on_behind_a_command_that_spoils_the_model(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Fragile())

        found = outcomes(
            engine, [learn("model", {"bad": float(number % 4 == 3)}, float(number)) for number in range(12)]
        )

        assert [found.index(outcome) for outcome in found if isinstance(outcome, ModelRaised)] == [3, 7, 11]
        assert [outcome for outcome in found if isinstance(outcome, int)] == list(range(1, 10))
        assert truths(engine) == [0, 1, 2, 4, 5, 6, 8, 9, 10]

    def test_gives_what_a_bare_loop_gives(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine, bare = make_engine(), linear_regression()
        upload(bare)
        samples = list(datasets.TrumpApproval().take(200))
        commands: list[Command] = []
        for number, (x, y) in enumerate(samples):
            commands += [predict("model", x, str(number)), learn_by_id(str(number), y)]

        found = outcomes(engine, commands)

        for (x, y), (_, prediction) in zip(samples, found[0::2], strict=True):
            assert prediction == bare.predict_one(x)
            bare.learn_one(x, y)
        assert fingerprint(blobs.loads(engine.call(Export("model")))) == fingerprint(bare)

    @pytest.mark.sqlite
    def test_writes_no_pending_row_for_learns_that_bring_their_features(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(linear_regression())
        with connection.cursor() as cursor:
            cursor.execute(_REFUSE_ROWS)

        try:
            found = outcomes(engine, [learn("model", {"a": 1.0}, float(number)) for number in range(50)])
            (with_id,) = outcomes(engine, [predict("model", {"a": 1.0}, "kept")])
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER refuse_rows")

        assert found == list(range(1, 51))
        # The trigger does see rows that are written.
        assert isinstance(with_id, Exception)

    def test_may_be_empty(self, make_engine: MakeEngine) -> None:
        assert outcomes(make_engine(), []) == []

    def test_is_refused_whole_by_an_engine_that_stops(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        engine.stop(seconds=5.0)
        commands = [learn("model", {}, 1.0) for _ in range(3)]
        answered = Bundle(commands).answered_in_thread()

        with pytest.raises(ServerStopping):
            engine.submit_many(commands)

        assert not answered.done()

    def test_is_answered_in_the_event_loop_of_who_asked(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting(), "a")
        upload(Counting(), "b")

        async def ask() -> list[Any]:
            commands = [learn("ab"[number % 2], {}, 1.0) for number in range(40)]
            answered = Bundle(commands).answered_in_loop()
            engine.submit_many(commands)
            return await answered

        assert asyncio.run(ask()) == [number // 2 + 1 for number in range(40)]

    def test_does_not_mind_that_nobody_waits_any_more(
        self, make_engine: MakeEngine, upload: Upload, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine = make_engine()
        upload(Counting())
        gone = [learn("model", {}, 1.0)]
        bored = [learn("model", {}, 2.0)]

        async def ask_and_leave() -> None:
            Bundle(gone).answered_in_loop()
            Bundle(bored).answered_in_loop().cancel()
            engine.submit_many(bored)
            await asyncio.to_thread(engine.call, learn("model", {}, 3.0))
            await asyncio.sleep(0)

        asyncio.run(ask_and_leave())
        engine.submit_many(gone)
        engine.call(predict("model", {}))

        assert truths(engine) == [2.0, 3.0, 1.0]
        assert "1 answers had nobody to go to" in caplog.text

    def test_is_answered_once_by_threads_that_settle_side_by_side(self) -> None:
        for _ in range(50):
            commands = [Predict("model", b"{}", {}, None, 0.0) for _ in range(64)]
            answered = Bundle(commands).answered_in_thread()
            barrier = threading.Barrier(4)

            def settle(
                part: int, commands: list[Predict] = commands, barrier: threading.Barrier = barrier
            ) -> None:
                barrier.wait()
                for command in commands[part::4]:
                    deliver([(command, command.position, None)])

            threads = [threading.Thread(target=settle, args=(part,)) for part in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert answered.result(timeout=0) == list(range(64))
