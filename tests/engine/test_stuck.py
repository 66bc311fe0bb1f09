"""A model that does not come back costs itself only."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from models_app.domain.errors import ModelBusy, ServerStopping
from models_app.engine.bundles import Bundle
from models_app.engine.commands import (
    Command,
    Describe,
    Export,
    Inspect,
    Load,
    SnapshotThenAnswer,
    TakeSnapshot,
)
from models_app.engine.delivery import Owed
from models_app.engine.engine import Engine
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models import PendingPrediction
from tests.engine.conftest import MakeEngine, Upload, learn, learn_by_id, predict
from tests.engine.hanging import Hanging, Stamped, caught, hold, let_go
from tests.engine.models import Counting, Slow
from tests.servers.waiting import wait_until

SECONDS = 0.3


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    hold("model")
    yield
    let_go()


def ask(engine: Engine, *commands: Command) -> list[Future[Any]]:
    futures = [command.answered_in_thread() for command in commands]
    engine.submit_many(commands)
    return futures


def is_stuck(engine: Engine, name: str = "model") -> bool:
    return engine._queues[name].is_stuck


class TestOthers:
    @pytest.mark.parametrize("n_stuck", [3, 40])
    def test_are_served_whatever_the_number_of_models_that_hang(
        self, make_engine: MakeEngine, upload: Upload, n_stuck: int
    ) -> None:
        names = [f"stuck-{number}" for number in range(n_stuck)]
        hold(*names)
        for name in names:
            upload(Hanging(name), name)
        upload(Counting(), "quick")
        engine = make_engine(threads=2)

        hanging = ask(engine, *[learn(name, {}, 1.0) for name in names])
        assert [engine.call(learn("quick", {}, 1.0), seconds=30) for _ in range(3)] == [1, 2, 3]

        wait_until(lambda: len(caught) == n_stuck)
        assert not any(future.done() for future in hanging)
        let_go()
        assert [future.result(timeout=30) for future in hanging] == [1] * n_stuck

    def test_have_as_many_threads_as_ever_while_some_hang(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Hanging("model"))
        engine = make_engine(threads=2)

        hanging = ask(engine, learn("model", {}, 1.0))

        wait_until(lambda: len(engine._workers._workers) == 3)
        assert list(engine.busy_models()) == ["model"]
        assert engine.busy_models()["model"] >= 1.0
        let_go()
        assert hanging[0].result(timeout=30) == 1
        assert engine.busy_models() == {}

    def test_need_the_surplus_no_more_when_all_are_back(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.staffing._REST_SECONDS", 0.2)
        names = [f"stuck-{number}" for number in range(5)]
        hold(*names)
        for name in names:
            upload(Hanging(name), name)
        engine = make_engine(threads=2)
        engine.watch_models(60)
        hanging = ask(engine, *[learn(name, {}, 1.0) for name in names])
        wait_until(lambda: len(caught) == 5)
        assert len(engine._workers._workers) >= 5

        let_go()

        assert [future.result(timeout=30) for future in hanging] == [1] * 5
        wait_until(lambda: len(engine._workers._workers) == 2)
        assert engine.is_running
        assert engine.call(learn("stuck-0", {}, 1.0), seconds=30) == 2


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    engine = make_engine(threads=2)
    engine.watch_models(SECONDS)
    return engine


def refuse(future: Future[Any]) -> None:
    with pytest.raises(ModelBusy, match="'model' has not come back"):
        future.result(timeout=30)


class TestStuckModel:
    @pytest.mark.parametrize(
        ("where", "asked"),
        [
            ("learn_one", lambda: learn("model", {}, 2.0)),
            ("predict_one", lambda: predict("model", {})),
            ("predict_one", lambda: predict("model", {}, "1")),
            ("_repr_html_", lambda: Describe("model")),
            ("__getstate__", lambda: Export("model")),
        ],
    )
    def test_is_refused_and_has_changed_nothing(
        self,
        engine: Engine,
        upload: Upload,
        monkeypatch: pytest.MonkeyPatch,
        where: str,
        asked: Any,
    ) -> None:
        monkeypatch.setattr("models_app.engine.watching._LONG", 1)
        model = Hanging("model", where)
        model.truths.append(1.0)
        let_go()
        upload(model)
        hold("model")

        [stuck] = ask(engine, asked())
        refuse(stuck)
        assert is_stuck(engine)
        let_go()
        wait_until(lambda: not is_stuck(engine))

        assert engine.call(predict("model", {}), seconds=30) == ("model", 1.0)
        assert engine.call(Inspect("model")).seq == 0
        assert not PendingPrediction.objects.exists()

    def test_refuses_who_waits_and_who_comes(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        [stuck] = ask(engine, learn("model", {}, 1.0))
        wait_until(lambda: "model" in caught)
        waiting = ask(engine, predict("model", {}), Inspect("model"))

        for future in [stuck, *waiting]:
            refuse(future)
        late = ask(engine, learn("model", {}, 1.0), predict("model", {}))

        for future in late:
            # At once: nothing has to be waited for.
            assert isinstance(future.exception(timeout=0), ModelBusy)

    def test_leaves_its_pending_predictions(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        engine.call(predict("model", {}, "1"))

        [stuck] = ask(engine, learn_by_id("1", 1.0))
        refuse(stuck)
        let_go()
        wait_until(lambda: not is_stuck(engine))

        assert engine.call(learn_by_id("1", 1.0), seconds=30) == 1

    def test_answers_each_of_a_bundle_once(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        commands: list[Command] = [learn("model", {}, float(number)) for number in range(20)]
        answered = Bundle(commands).answered_in_thread()
        engine.submit_many(commands)

        outcomes = answered.result(timeout=30)
        let_go()
        wait_until(lambda: not is_stuck(engine))

        assert all(isinstance(outcome, ModelBusy) for outcome in outcomes)
        assert engine.call(Inspect("model"), seconds=30).seq == 0

    def test_is_named_once_in_the_log_with_the_place(
        self, engine: Engine, upload: Upload, caplog: pytest.LogCaptureFixture
    ) -> None:
        upload(Hanging("model"))
        [stuck] = ask(engine, learn("model", {}, 1.0))
        refuse(stuck)
        for _ in range(3):
            ask(engine, predict("model", {}))
        time.sleep(2 * SECONDS)
        let_go()
        wait_until(lambda: not is_stuck(engine))

        assert caplog.text.count("'model' has not come back") == 1
        assert "in wait (" in caplog.text
        assert caplog.text.count("'model' has come back") == 1

    def test_counts_what_it_refuses(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        [stuck] = ask(engine, learn("model", {}, 1.0))
        refuse(stuck)
        ask(engine, predict("model", {}))

        assert engine.timings()["model"].refused["model_busy"] == 2

    def test_is_not_waited_for_when_the_engine_stops(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        upload(Counting(), "other")
        engine.call(learn("other", {}, 1.0))
        [stuck] = ask(engine, learn("model", {}, 1.0))
        refuse(stuck)
        started = time.monotonic()

        engine.stop(seconds=60)

        assert time.monotonic() - started < 30

    def test_is_refused_when_the_engine_stops_before(self, engine: Engine, upload: Upload) -> None:
        upload(Hanging("model"))
        engine._watchdog.refuse_after(3600)
        [stuck] = ask(engine, learn("model", {}, 1.0))
        wait_until(lambda: "model" in caught)

        engine.stop(seconds=0.2)

        with pytest.raises(ServerStopping):
            stuck.result(timeout=30)


class TestSlowModel:
    def test_is_left_alone_though_many_wait_for_it(self, engine: Engine, upload: Upload) -> None:
        # 40 learns take several times as long as one may.
        upload(Slow())
        commands: list[Command] = [learn("model", {}, float(number)) for number in range(40)]
        answered = Bundle(commands).answered_in_thread()

        engine.submit_many(commands)

        assert answered.result(timeout=60) == list(range(1, 41))

    def test_refuses_single_requests_that_have_waited_too_long(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        hold("model")
        upload(Hanging("model"))
        engine = make_engine(threads=2, turn_seconds=0.0)
        [running] = ask(engine, learn("model", {}, 1.0))
        wait_until(lambda: "model" in caught)
        waiting, bundled = predict("model", {}), predict("model", {})
        answered = Bundle([bundled]).answered_in_thread()
        [single] = ask(engine, waiting)
        engine.submit(bundled)
        # It hangs no longer than it may; but who waits has come long before.
        waiting.queued_at -= 100.0
        engine.watch_models(20.0)

        with pytest.raises(ModelBusy):
            single.result(timeout=30)
        assert not running.done()
        let_go()

        assert running.result(timeout=30) == 1
        assert answered.result(timeout=30) == [("model", 1.0)]


class TestLongWork:
    @pytest.mark.parametrize(("where", "work"), [("__getstate__", TakeSnapshot), ("__setstate__", Load)])
    def test_is_not_taken_for_a_model_that_hangs(
        self, engine: Engine, upload: Upload, where: str, work: Any
    ) -> None:
        let_go()
        upload(Hanging("model", where))
        engine.call(learn("model", {}, 1.0))
        engine._queues["model"].drop_hot()
        hold("model")
        [done] = ask(engine, work("model"))
        wait_until(lambda: "model" in caught)
        command = learn("model", {}, 2.0)
        answered = Bundle([command]).answered_in_thread()
        engine.submit(command)

        time.sleep(3 * SECONDS)
        assert not answered.done()
        let_go()

        assert answered.result(timeout=30) == [2]
        assert done.exception(timeout=30) is None

    def test_is_kept_though_who_waited_for_it_was_refused(
        self, engine: Engine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.watching._LONG", 1)
        let_go()
        upload(Hanging("model", "__setstate__"))
        hold("model")

        [stuck] = ask(engine, learn("model", {}, 1.0))
        refuse(stuck)
        let_go()
        wait_until(lambda: not is_stuck(engine))

        hot = engine._queues["model"].hot
        assert hot is not None
        assert engine.call(learn("model", {}, 1.0), seconds=30) == 1
        assert engine._queues["model"].hot is hot

    def test_of_maintenance_that_was_refused_is_done(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.watching._LONG", 1)
        let_go()
        upload(Hanging("model", "__getstate__"))
        engine = make_engine(threads=2, snapshots=SnapshotPolicy(min_seconds=3600))
        engine.call(learn("model", {}, 1.0))
        engine.watch_models(SECONDS)
        hold("model")

        taken, waiting = ask(engine, TakeSnapshot("model"), predict("model", {}))
        refuse(waiting)
        assert not taken.done()
        let_go()

        assert taken.result(timeout=30) == 1

    def test_of_a_replay_goes_on_as_long_as_it_comes_along(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.watching._LONG", 1)
        upload(Slow())
        learning = make_engine(turn_seconds=0.0)
        for number in range(20):
            learning.call(learn("model", {}, float(number)))
        engine = make_engine()
        engine.watch_models(SECONDS)
        command = learn("model", {}, 0.0)
        answered = Bundle([command]).answered_in_thread()

        # It takes a second, in 20 segments.
        engine.submit(command)

        assert answered.result(timeout=30) == [21]


class TestSnapshotBeforeAnAnswer:
    @pytest.fixture
    def held(self, engine: Engine, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> Engine:
        """Return an engine that knows that a model cannot be replayed, which hangs when it is pickled."""
        monkeypatch.setattr("models_app.engine.watching._LONG", 1)
        let_go()
        upload(Stamped("model", "__getstate__"))
        upload(Counting(), "other")
        engine.call(learn("other", {}, 1.0), seconds=30)
        # The first, second and fourth prediction are tried, and pickle it.
        for number in range(4):
            engine.call(learn("model", {}, float(number)), seconds=30)
        hold("model")
        return engine

    def test_keeps_nobody_else_waiting_where_it_hangs(self, held: Engine) -> None:
        owed, other = ask(held, learn("model", {}, 2.0), learn("other", {}, 2.0))
        assert other.result(timeout=30) == 2
        wait_until(lambda: "model" in caught)
        assert held.call(learn("other", {}, 3.0), seconds=30) == 3

        # It is durable, and said to be: who hears of a refusal would have it learned again.
        assert owed.result(timeout=30) == 5
        assert is_stuck(held)
        refuse(ask(held, predict("model", {}))[0])
        let_go()
        wait_until(lambda: not is_stuck(held))

        vitals = held.call(Inspect("model"), seconds=30)
        assert (vitals.seq, vitals.snapshot_seq) == (5, 5)

    def test_does_not_hold_up_a_stop_where_it_hangs(self, held: Engine) -> None:
        [owed] = ask(held, learn("model", {}, 2.0))
        wait_until(lambda: "model" in caught)

        held.hurry(seconds=0.0)

        assert owed.result(timeout=30) == 5
        held.stop(seconds=60)
        assert not held.is_running

    def test_gives_the_answers_once(self, held: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = held._queues["model"]
        assert queue.hot is not None
        assert queue.state is not None
        answered: list[Any] = []
        monkeypatch.setattr("models_app.engine.delivery.deliver", answered.append)
        command = SnapshotThenAnswer(queue.state, queue.hot, Owed([(learn("model", {}, 1.0), 1, None)]))
        for _ in range(2):
            command.future.set_exception(ModelBusy("model", 1.0))

        assert (len(answered), command.future.done()) == (1, True)


class TestStop:
    @pytest.mark.parametrize("seconds", [0.0, 3600.0])
    def test_refuses_who_waits_for_a_model_that_hangs(
        self, make_engine: MakeEngine, upload: Upload, seconds: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        upload(Hanging("model"))
        engine = make_engine(threads=2)
        waiting = ask(engine, learn("model", {}, 1.0))
        wait_until(lambda: "model" in caught)
        waiting += ask(engine, predict("model", {}), Export("model"))

        engine.hurry(seconds=seconds)
        for future in waiting:
            with pytest.raises(ServerStopping):
                future.result(timeout=30)
        [late] = ask(engine, predict("model", {}))
        assert isinstance(late.exception(timeout=0), ServerStopping)
        engine.stop(seconds=60)

        assert "the server stops: 3 requests were refused" in caplog.text

    def test_lets_maintenance_come_to_its_end(self, make_engine: MakeEngine, upload: Upload) -> None:
        let_go()
        upload(Hanging("model", "__getstate__"))
        engine = make_engine(threads=2, snapshots=SnapshotPolicy(min_seconds=3600))
        engine.call(learn("model", {}, 1.0))
        hold("model")
        [taken] = ask(engine, TakeSnapshot("model"))
        wait_until(lambda: "model" in caught)

        engine.hurry(seconds=0.0)
        [waiting] = ask(engine, predict("model", {}))
        with pytest.raises(ServerStopping):
            waiting.result(timeout=30)
        let_go()

        assert taken.result(timeout=30) == 1
