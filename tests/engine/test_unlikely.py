"""Unlikely events, which must not harm when they happen."""

import threading
import time

import pytest
from river import forest

from models_app.domain.errors import ServerStopping
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Inspect
from models_app.engine.hot import HotModel
from models_app.engine.queues import ModelQueue
from models_app.engine.supervising import Supervisor
from models_app.engine.visits import Visit
from models_app.engine.watching import Watchdog, _place
from models_app.services.uploading import make_default
from tests.engine.conftest import MakeEngine, Upload, learn, predict
from tests.engine.habits_models import Drawing
from tests.engine.models import Counting
from tests.engine.test_workers import MakePool, Pool, make_pool
from tests.servers.waiting import wait_until
from tests.storages import OurStorage

__all__ = ["make_pool"]


class TestEngine:
    def test_names_its_hot_models(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        upload(Counting(), "other")

        engine.call(learn("model", {}, 1.0))

        assert engine.hot_names() == {"model"}

    def test_looks_at_a_model_that_has_become_the_default(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting(), "first")
        upload(Counting(), "second")
        engine = make_engine()
        engine.call(learn("first", {}, 1.0))
        make_default(name="first")
        engine.forget_default()

        assert engine.call(predict(None, {}, "of the default")) == ("first", 1.0)

    def test_refuses_what_waits_at_the_end(
        self, make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine, queue = make_engine(), ModelQueue("model")
        command = learn("model", {}, 1.0)
        future = command.answered_in_thread()
        queue.add(command)

        engine._refuse(queue)

        assert isinstance(future.exception(timeout=5), ServerStopping)
        assert "1 requests to 'model' were refused" in caplog.text
        assert not queue.commands

    def test_gives_back_its_turn_with_a_batch_that_is_given_up(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        engine = make_engine()
        queue, command = ModelQueue("model"), Inspect("model")
        queue.has_turn = storage.enter_turn("model", 1.0)
        future = command.answered_in_thread()

        engine._turns.give_up(queue, [command], RuntimeError("nobody knows"))

        assert isinstance(future.exception(timeout=5), RuntimeError)
        assert not queue.has_turn
        assert storage.enter_turn("model", 1.0)
        storage.leave_turn("model")

    def test_draws_the_same_in_two_predictions_of_a_batch(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Drawing())
        engine.call(learn("model", {"a": 1.0}, 1.0))
        commands = [predict("model", {"a": 1.0}) for _ in range(3)]
        answers = Bundle(commands).answered_in_thread()

        engine.submit_many(commands)

        assert len({prediction for _, prediction in answers.result(timeout=30)}) == 1


class TestHotModel:
    def test_of_a_known_model_predicts_as_ever(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(forest.ARFRegressor(n_models=2, seed=1))
        engine = make_engine()
        engine.call(learn("model", {"a": 1.0}, 1.0))
        engine.stop(seconds=5.0)
        state = storage.find_state("model")
        assert state is not None
        hot = HotModel(state, next(iter(storage.snapshots(state))))

        hot.undo_predictions()

        assert not hot.undoes_predictions


class TestSupervisor:
    def test_goes_on_looking_after_a_look_that_fails(self) -> None:
        looks: list[float] = []

        def look() -> bool:
            looks.append(time.perf_counter())
            if len(looks) == 1:
                raise RuntimeError("as asked")
            return False

        supervisor = Supervisor(look, leave=lambda: None)
        supervisor.start()
        supervisor.alarm()
        wait_until(lambda: len(looks) == 1)

        supervisor.alarm()

        wait_until(lambda: len(looks) == 2)
        supervisor.end()


class TestWatchdog:
    def test_refuses_nobody_whose_model_has_just_come_back(self) -> None:
        queue, refused = ModelQueue("model"), []
        queue.visit = Visit([], 0.0)
        queue.visit.end()
        watchdog = Watchdog(threading.Lock(), list, lambda *them: refused.append(them))

        watchdog._judge(queue, None, 10.0, 1.0)
        watchdog._leave(queue, 10.0)

        assert (queue.is_stuck, refused) == (False, [])

    def test_reports_nothing_where_nobody_waits(self, caplog: pytest.LogCaptureFixture) -> None:
        queue = ModelQueue("model")
        queue.visit = Visit([], 0.0)
        watchdog = Watchdog(threading.Lock(), list, lambda *_: None)

        watchdog._leave(queue, 10.0)

        assert (queue.is_stuck, caplog.records) == (False, [])

    def test_names_no_place_of_a_thread_that_is_gone(self) -> None:
        assert _place(None) == ""


def test_a_worker_that_dies_as_it_wakes_is_replaced(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pool: Pool = make_pool(1)
    go_on = pool.workers._next

    def die(*_: object) -> None:
        monkeypatch.setattr(pool.workers, "_next", go_on)
        raise SystemExit("as asked")

    monkeypatch.setattr(pool.workers, "_next", die)

    pool.put("a")

    wait_until(lambda: [name for name, _ in pool.served] == ["a"])
    assert "has died" in caplog.text
