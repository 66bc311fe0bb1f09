"""Whatever a model raises, wherever it is called: it is a refusal, and everything goes on."""

import asyncio
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from river import linear_model, preprocessing

from models_app.domain import sizes
from models_app.domain.errors import ModelNotLoadable, ModelRaised
from models_app.domain.scoreboards import Scoreboard
from models_app.engine.bundles import Bundle
from models_app.engine.commands import (
    Command,
    Describe,
    Export,
    Inspect,
    Load,
    TakeDueSnapshot,
    TakeSnapshot,
)
from models_app.engine.delivery import deliver
from models_app.engine.engine import Engine
from models_app.engine.hot import HotModel
from models_app.engine.ports import ModelState, SnapshotData, Write
from models_app.engine.recovery import from_snapshot
from models_app.engine.snapshots import SnapshotPolicy
from models_app.engine.vitals import Vitals
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.regression import Regression
from tests.engine.conftest import MakeEngine, Recorder, Upload, learn, predict
from tests.engine.models import Counting
from tests.engine.raising import KINDS, Panic, Raising
from tests.servers.waiting import wait_until
from tests.storages import OurStorage

ASKED: dict[str, Any] = {
    "predict_one": lambda: predict("model", {}),
    "learn_one": lambda: learn("model", {}, 2.0),
    "__getstate__": lambda: Export("model"),
    "_repr_html_": lambda: Describe("model"),
}


def threads(engine: Engine) -> list[str]:
    return [worker.thread.name for worker in engine._workers._workers]


class TestModel:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("where", ASKED)
    def test_that_raises_anything_is_refused_and_goes_on(
        self, make_engine: MakeEngine, upload: Upload, kind: str, where: str
    ) -> None:
        engine = make_engine(threads=1)
        upload(Raising(kind, where))
        engine.call(learn("model", {}, 1.0))
        before = threads(engine)

        with pytest.raises(ModelRaised, match=kind):
            engine.call(ASKED[where](), seconds=30)

        assert engine.call(Inspect("model"), seconds=30).seq == 1
        assert engine.is_running
        assert threads(engine) == before

    def test_that_panics_is_refused_and_goes_on(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(threads=1)
        scaler = preprocessing.StandardScaler() | preprocessing.RobustScaler()
        upload(scaler | linear_model.LinearRegression())
        engine.call(learn("model", {"a": 1.0, "b": 2.0}, 1.0))
        engine.call(learn("model", {"a": 1e308, "b": 2.0}, 1.0))

        with pytest.raises(ModelRaised, match="Panic"):
            engine.call(learn("model", {"a": -1e308, "b": 2.0}, 1.0), seconds=30)

        assert engine.call(predict("model", {"a": 1.0, "b": 2.0}), seconds=30)[0] == "model"
        assert engine.call(Inspect("model")).seq == 2

    @pytest.mark.parametrize("kind", KINDS)
    def test_that_cannot_be_pickled_costs_no_snapshot_of_others(
        self, make_engine: MakeEngine, upload: Upload, kind: str
    ) -> None:
        engine = make_engine(threads=1, snapshots=SnapshotPolicy(cost_ratio=0.0, min_seconds=0.0))
        upload(Raising(kind, "__getstate__"))
        engine.call(learn("model", {}, 1.0))

        engine.call(TakeDueSnapshot("model"), seconds=30)
        with pytest.raises(ModelRaised, match=kind):
            engine.call(TakeSnapshot("model"), seconds=30)

        assert engine.call(learn("model", {}, 1.0), seconds=30) == 2

    @pytest.mark.parametrize("kind", KINDS)
    def test_whose_journal_does_not_apply_any_more_says_so(
        self, make_engine: MakeEngine, upload: Upload, kind: str
    ) -> None:
        upload(Raising("Panic", "nowhere"))
        make_engine().call(learn("model", {}, 1.0))
        make_engine().call(learn("model", {}, 1.0))
        engine = make_engine(through=Rewritten(Raising(kind, "learn_one")), threads=1)

        with pytest.raises(ModelNotLoadable, match=kind):
            engine.call(Load("model"), seconds=30)

        assert engine.is_running

    @pytest.mark.parametrize("kind", KINDS)
    def test_that_raises_when_it_is_loaded_is_not_loadable(self, kind: str) -> None:
        data = pickle.dumps(RaisingReduce(kind))

        snapshot = SnapshotData(seq=0, model=data, metrics=pickle.dumps(None))

        with ThreadPoolExecutor(1) as another, pytest.raises(ModelNotLoadable, match=kind):
            another.submit(from_snapshot, STATE, snapshot).result()

    @pytest.mark.parametrize("kind", KINDS)
    def test_that_does_not_say_its_size_has_an_estimate(self, kind: str) -> None:
        model = Raising(kind, "__sizeof__")
        model.truths.append(1.0)

        with ThreadPoolExecutor(1) as another:
            n_bytes = another.submit(sizes.estimate_size, model).result()

        assert n_bytes is not None
        assert n_bytes >= 16

    def test_that_is_interrupted_in_the_main_thread_is_not_to_blame(self) -> None:
        hot = HotModel(STATE, snapshot_of(Raising("KeyboardInterrupt", "predict_one")))
        hot.model.truths.append(1.0)

        with pytest.raises(KeyboardInterrupt):
            hot.predict({})


STATE = ModelState(model_id=1, name="model", flavor="regression", generation=1, seq=0, is_default=True)


def snapshot_of(model: object) -> SnapshotData:
    return SnapshotData(seq=0, model=pickle.dumps(model), metrics=pickle.dumps(Scoreboard.new([])))


class Curious(Regression):
    """A flavor of another package, which cannot follow its models from what is odd."""

    name = "curious"

    def course(self, kept: Any) -> Any:
        return self

    def expected(self, model: Any, x: Any) -> Any:
        if "odd" in x:
            raise LookupError("no course")


class TestFlavorsOfOthers:
    def test_that_raise_are_refusals_as_their_models_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(FLAVORS, "curious", Curious())
        hot = HotModel(replace(STATE, flavor="curious"), snapshot_of(Counting()))

        with hot.drawing(), pytest.raises(ModelRaised, match="no course"):
            hot.expected({"odd": 1})

        assert (hot.seq, hot.predict({})) == (0, 0.0)

    def test_may_leave_it_to_the_model_what_was_expected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(FLAVORS, "curious", Curious())
        hot = HotModel(replace(STATE, flavor="curious"), snapshot_of(Counting()))
        hot.model.truths += [1.0, 2.0]

        with hot.drawing():
            assert hot.expected({}) == 2.0


class RaisingReduce:
    """Raises when it is unpickled."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __reduce__(self) -> Any:
        return raise_kind, (self.kind,)


def raise_kind(kind: str) -> None:
    raise KINDS[kind]("the model")


class Rewritten(OurStorage):
    """Hands out another model than the one that was kept."""

    def __init__(self, model: object) -> None:
        self._model = model

    def snapshots(self, state: ModelState) -> Any:
        for kept in super().snapshots(state):
            yield SnapshotData(seq=kept.seq, model=pickle.dumps(self._model), metrics=kept.metrics)


class BrokenMetric:
    """No metric of this kind can be had."""

    def __init__(self) -> None:
        raise Panic("the metric")


class TestVitals:
    def test_refuse_what_cannot_be_computed(self) -> None:
        vitals = HotModel(STATE, snapshot_of(Counting())).vitals()
        broken = Vitals(
            seq=0,
            metrics={},
            window=vitals.window,
            kinds=(BrokenMetric,),
            size_bytes=0,
            snapshot_seq=0,
            is_replayable=True,
            held=(),
        )

        with pytest.raises(ModelRaised, match="the metric"):
            broken.rolling()
        assert broken.rolling_if_any() == {}

    def test_that_cannot_be_had_are_refused(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(threads=1)
        upload(Counting())
        engine.call(Load("model"))
        hot = engine._queues["model"].hot
        assert hot is not None
        hot._board.metrics.append(Panicking())

        with pytest.raises(ModelRaised, match="the metric"):
            engine.call(Inspect("model"), seconds=30)

        assert engine.is_running


class Panicking:
    """A metric that has no value."""

    def get(self) -> float:
        raise Panic("the metric")


class RaisingStorage(OurStorage):
    """Raises once, where it is asked for the row or to commit."""

    def __init__(self, where: str) -> None:
        self.where: str | None = where

    def fail(self, where: str) -> None:
        if self.where == where:
            self.where = None
            raise Panic(where)

    def find_state(self, name: str) -> ModelState | None:
        self.fail("find_state")
        return super().find_state(name)

    def default_name(self) -> str | None:
        self.fail("default_name")
        return super().default_name()

    def commit(self, writes: Sequence[Write]) -> Any:
        self.fail("commit")
        return super().commit(writes)


class RaisingListener(Recorder):
    """Raises when it is given an outcome, and when it is asked."""

    def committed(self, *_: Any) -> None:
        raise Panic("reported")


class TestEngine:
    @pytest.mark.parametrize("where", ["find_state", "default_name", "commit"])
    def test_goes_on_after_a_storage_that_raises_anything(
        self, make_engine: MakeEngine, upload: Upload, where: str
    ) -> None:
        upload(Counting())
        engine = make_engine(through=RaisingStorage(where), threads=1)

        with pytest.raises(Exception, match=where):
            engine.call(learn(None, {}, 1.0), seconds=30)

        assert engine.call(learn(None, {}, 1.0), seconds=30) == 1
        assert engine.is_running

    def test_goes_on_after_a_listener_that_raises_anything(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        engine = make_engine(RaisingListener(), threads=1)

        assert [engine.call(learn(None, {}, 1.0), seconds=30) for _ in range(2)] == [1, 2]

    def test_rebuilds_a_model_whose_scores_cannot_be_passed_on(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting())
        engine = make_engine(threads=1)
        engine.call(learn(None, {}, 1.0))
        with monkeypatch.context() as patched:
            patched.setattr(HotModel, "take_scores", lambda _: raise_kind("Panic"))
            assert engine.call(learn(None, {}, 1.0), seconds=30) == 2
            wait_until(lambda: engine.n_hot == 0)

        assert engine.call(learn(None, {}, 1.0), seconds=30) == 3

    @pytest.mark.parametrize("step", ["_gather", "_begin_turn"])
    def test_replaces_a_thread_that_dies_and_serves_its_queue_on(
        self,
        make_engine: MakeEngine,
        upload: Upload,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        step: str,
    ) -> None:
        upload(Counting())
        engine = make_engine(threads=1)
        real, fails = getattr(engine, step), [True]

        def once(*args: Any) -> Any:
            if fails:
                fails.clear()
                raise Panic(step)
            return real(*args)

        monkeypatch.setattr(engine, step, once)
        commands = [learn("model", {}, 1.0) for _ in range(3)]
        futures = [command.answered_in_thread() for command in commands]
        engine.submit_many(commands)

        # Those that the thread held are refused; nobody waits in vain.
        outcomes = [future.exception(timeout=30) or future.result() for future in futures]
        assert outcomes == [1, 2, 3] or all("Panic" in str(outcome) for outcome in outcomes)
        assert engine.call(learn("model", {}, 1.0), seconds=30)
        assert threads(engine) == ["engine-1"]
        assert engine.is_running
        assert "engine-0 has died" in caplog.text

    def test_goes_on_when_finishing_fails(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting())
        engine = make_engine(threads=1)
        with monkeypatch.context() as patched:
            # Our own mistake, before anybody was answered.
            patched.setattr("models_app.engine.turns.Turns._note", lambda *_: raise_kind("Panic"))
            with pytest.raises(RuntimeError, match="Panic"):
                engine.call(learn("model", {}, 1.0), seconds=30)

        wait_until(lambda: engine.is_running and threads(engine) == ["engine-1"])
        # It had been committed.
        assert engine.call(learn("model", {}, 1.0), seconds=30) == 2

    def test_goes_on_when_a_commit_dies_before_it_writes(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting())
        engine = make_engine(threads=1)
        with monkeypatch.context() as patched:
            patched.setattr(engine._committer, "_write", lambda _: raise_kind("Panic"))
            with pytest.raises(Exception, match="could not be written"):
                engine.call(learn("model", {}, 1.0), seconds=30)

        assert engine.call(learn("model", {}, 1.0), seconds=30) == 1


class Refusing:
    """A receiver that fails when it is answered."""

    def done(self) -> bool:
        return False

    def set_result(self, result: Any) -> None:
        raise ValueError("no answer taken")

    def set_exception(self, error: BaseException) -> None:
        raise ValueError("no error taken")


class BrokenBundle(Bundle):
    def settle(self, position: int, outcome: Any) -> None:
        raise ValueError("no outcome taken")


class TestDeliver:
    def test_answers_the_others_though_one_fails_to_take_its_answer(self) -> None:
        async def ask() -> list[Any]:
            refusing, waiting = Inspect("a"), Inspect("b")
            refusing.answered_to(Refusing())
            future = waiting.answered_in_loop()
            deliver([(refusing, 1, None), (refusing, None, KeyError()), (waiting, 2, None)])
            bundled: Command = Inspect("c")
            BrokenBundle([bundled])
            threaded = Inspect("d")
            of_thread = threaded.answered_in_thread()
            deliver([(bundled, 3, None), (threaded, 4, None)])
            return [await asyncio.wait_for(future, 30), of_thread.result(timeout=30)]

        assert asyncio.run(ask()) == [2, 4]

    @pytest.mark.parametrize("kind", KINDS)
    def test_hands_out_nothing_that_could_end_an_event_loop(self, kind: str) -> None:
        error = KINDS[kind]("x")

        async def is_harmless() -> bool:
            command = Inspect("a")
            future = command.answered_in_loop()
            deliver([(command, None, error)])
            await asyncio.wait([future], timeout=30)
            raised = future.exception()
            return isinstance(raised, Exception) and error in (raised, raised.__cause__)

        assert asyncio.run(is_harmless())
