"""Models that draw, change when they predict or look at the clock keep the promises, or are reported."""

from itertools import pairwise
from typing import Any

import pytest
from river import feature_selection, forest, linear_model, preprocessing

from models_app.domain.errors import StorageUnavailable
from models_app.domain.remarks import NOT_REPLAYABLE, Remark
from models_app.engine import habits
from models_app.engine.commands import Export, Inspect, TakeSnapshot
from models_app.engine.ports import ModelState
from models_app.models import ServedModel
from tests.engine import habits_models
from tests.engine.conftest import MakeEngine, Upload, learn, learn_by_id, predict
from tests.engine.models import Shrinking
from tests.engine.test_engine import exported, rebuilt
from tests.storages import OurStorage


def values(storage: OurStorage, name: str = "model") -> dict[str, Any]:
    state: dict[str, Any] = rebuilt(storage, name).model.__dict__
    return state


class TestAModelThatDraws:
    def test_is_the_same_after_every_restart(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(habits_models.Drawing())
        for number in range(10):
            engine.call(predict("model", {"a": 1.0}))
            engine.call(learn("model", {"a": float(number)}, 1.0))
        _, before = engine.call(predict("model", {"a": 1.0}))
        noise = exported(engine).noise

        restarted = [make_engine() for _ in range(3)]

        assert [exported(other).noise for other in restarted] == [noise] * 3
        assert [other.call(predict("model", {"a": 1.0}))[1] for other in restarted] == [before] * 3
        assert rebuilt(storage).is_replayable

    def test_draws_as_it_had_drawn_when_it_goes_on_from_a_snapshot(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(habits_models.Drawing())
        for number in range(10):
            if number == 5:
                engine.call(TakeSnapshot("model"))
                engine = make_engine()
            engine.call(learn("model", {"a": float(number)}, 1.0))

        assert rebuilt(storage).model.noise == exported(engine).noise != 0.0

    def test_draws_other_numbers_in_each_learn(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Drawing())
        noises = [0.0]
        for _ in range(4):
            engine.call(learn("model", {"a": 1.0}, 1.0))
            noises.append(exported(engine).noise)

        steps = [after - before for before, after in pairwise(noises)]
        assert len(set(steps)) == 4


class TestAModelThatChangesWhenItPredicts:
    def test_of_river_predicts_on_copies(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        chooser = feature_selection.PoissonInclusion(p=0.1, seed=42)
        upload(chooser | preprocessing.StandardScaler() | linear_model.LinearRegression())
        for number in range(60):
            x = {f"f{number % 7}": float(number), "b": 1.0}
            for _ in range(3):
                engine.call(predict("model", x))
            engine.call(learn("model", x, float(number)))
        asked = [{f"f{number}": 1.0, "b": 2.0} for number in range(7)]

        before = [engine.call(predict("model", x))[1] for x in asked]

        assert before == [engine.call(predict("model", x))[1] for x in asked]
        assert before == [rebuilt(storage).predict(dict(x)) for x in asked]

    def test_until_it_has_learned_predicts_on_copies_until_then(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        bare = forest.ARFRegressor(n_models=3, seed=1)
        upload(bare)
        for _ in range(3):
            # It would choose among these features for good.
            engine.call(predict("model", {"other": 1.0, "another": 2.0}))

        answers, expected = [], []
        for number in range(40):
            x = {"a": float(number % 5), "b": 1.0, "c": float(number)}
            answers.append(engine.call(predict("model", x))[1])
            expected.append(bare.predict_one(dict(x)))
            engine.call(learn("model", x, float(number)))
            bare.learn_one(dict(x), float(number))

        assert answers == expected
        assert rebuilt(storage).predict(dict(x)) == bare.predict_one(dict(x))
        assert not rebuilt(storage).undoes_predictions

    def test_is_found_out_at_the_first_prediction(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Remembering())

        answers = [engine.call(predict("model", {}))[1] for _ in range(5)]
        engine.call(learn("model", {}, 1.0))
        answers += [engine.call(predict("model", {}))[1] for _ in range(3)]

        # A prediction sees its own change, and leaves none.
        assert answers == [1000.0] * 5 + [1001.0] * 3
        assert exported(engine).n_predictions == 0

    def test_that_is_found_out_late_is_rebuilt(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(habits_models.Remembering(after=3))
        engine.call(learn("model", {}, 1.0))
        engine.call(predict("model", {}, "kept"))

        for _ in range(4):
            engine.call(predict("model", {"count": 1.0}))

        assert engine.call(predict("model", {"count": 1.0}))[1] == 1001.0
        assert engine.call(predict("model", {}))[1] == 1.0
        assert exported(engine).n_predictions == 0
        engine.call(learn_by_id("kept", 1.0))
        assert values(storage)["n_learns"] == exported(engine).n_learns == 2

    def test_that_raises_on_a_copy_is_left_as_it_is(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Remembering())
        engine.call(predict("model", {}))

        with pytest.raises(Exception, match="TypeError"):
            engine.call(predict("model", {"count": Unlikely()}))  # type: ignore[dict-item]

        assert engine.call(predict("model", {}))[1] == 1000.0


class Unlikely:
    def __bool__(self) -> bool:
        raise TypeError("neither")

    def __repr__(self) -> str:
        return "1.0"


@pytest.mark.parametrize("kind", [habits_models.Stamping, habits_models.Naming])
class TestAModelThatCannotBeHadAgain:
    def test_is_snapshotted_before_a_learn_is_answered(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload, kind: type[Any]
    ) -> None:
        engine = make_engine()
        upload(kind())
        for _ in range(7):
            engine.call(learn("model", {"a": 1.0}, 1.0))

            # As a crash would find it.
            assert values(storage)["moments"] == exported(engine).moments

        assert engine.call(Inspect("model")).snapshot_seq == 7

    def test_is_reported(self, make_engine: MakeEngine, upload: Upload, kind: type[Any]) -> None:
        engine = make_engine()
        upload(kind())

        engine.call(learn("model", {"a": 1.0}, 1.0))

        assert not engine.call(Inspect("model")).is_replayable


class TestAModelThatCanBeHadAgain:
    def test_is_replayed(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Consuming())
        text = b'{"a":1.0,"nested":{"b":[1.0,2.0]}}'
        for _ in range(5):
            command = learn("model", {}, 1.0)
            command.text, command.x = text, {"a": 1.0, "nested": {"b": [1.0, 2.0]}}
            engine.call(command)

        vitals = engine.call(Inspect("model"))
        assert (vitals.is_replayable, vitals.snapshot_seq, vitals.seq) == (True, 0, 5)
        assert exported(engine).total == 15.0

    def test_predicts_by_itself_though_no_copy_walks_its_sets_alike(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Shrinking())
        engine, alone = make_engine(), Shrinking()
        for number in (15, 18, 30, 41):
            engine.call(learn("model", {}, float(number)))
            alone.learn_one({}, float(number))

        answers = [engine.call(predict("model", {}))[1] for _ in range(4)]
        restarted = make_engine().call(predict("model", {}))[1]

        assert {*answers, restarted} == {alone.predict_one({})}

    def test_that_cannot_be_pickled_is_not_tried(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Resisting())

        for _ in range(4):
            engine.call(learn("model", {"a": 1.0}, 1.0))
            engine.call(predict("model", {"a": 1.0}))

        assert engine.call(Inspect("model")).seq == 4

    def test_whose_copy_raises_is_not_believed(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Failing())

        for _ in range(2):
            engine.call(learn("model", {"a": 1.0}, 1.0))

        assert not engine.call(Inspect("model")).is_replayable
        assert pytest.approx(2.0) == engine.call(predict("model", {"a": 1.0}))[1]
        assert engine.call(Export("model"))


class TestWhatIsFoundOut:
    @pytest.mark.parametrize(
        ("model", "code"),
        [
            (habits_models.Remembering(), "predicts_on_copies"),
            (
                feature_selection.PoissonInclusion(p=0.1) | linear_model.LinearRegression(),
                "predicts_on_copies",
            ),
            (habits_models.Stamping(), "not_replayable"),
        ],
    )
    def test_is_written_down_once(
        self,
        make_engine: MakeEngine,
        upload: Upload,
        model: object,
        code: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        upload(model)
        for engine in (make_engine(), make_engine()):
            for _ in range(3):
                engine.call(predict("model", {"a": 1.0}))
                engine.call(learn("model", {"a": 1.0}, 1.0))

        assert [remark["code"] for remark in ServedModel.objects.get().remarks] == [code]
        # Once a process, that is.
        assert [record.name for record in caplog.records].count("models_app.engine.turns") == 2

    def test_is_nothing_of_a_model_that_does_nothing(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(forest.ARFRegressor(n_models=2, seed=1))
        upload(habits_models.Consuming(), "other")

        engine.call(predict("model", {"a": 1.0}))
        engine.call(learn("model", {"a": 1.0}, 1.0))
        engine.call(predict("other", {"a": 1.0}))

        assert [model.remarks for model in ServedModel.objects.all()] == [[], []]

    def test_is_served_with_where_it_cannot_be_written_down(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(through=Forgetful())
        upload(habits_models.Stamping())

        engine.call(learn("model", {"a": 1.0}, 1.0))

        assert engine.call(Inspect("model")).seq == 1

    def test_is_no_remark_about_a_model_that_was_replaced(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(habits_models.Consuming())
        before = storage.find_state("model")
        upload(habits_models.Consuming())

        assert before is not None
        storage.add_remark(before, NOT_REPLAYABLE)

        assert ServedModel.objects.get().remarks == []


class Forgetful(OurStorage):
    def add_remark(self, state: ModelState, remark: Remark) -> None:
        raise StorageUnavailable("not now")


class TestTrials:
    def test_are_few_where_they_are_dear(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(habits_models.Heavy())

        for number in range(9):
            engine.call(learn("model", {"a": float(number)}, 1.0))

        # Each trial of a learn loads a copy, and learns; so does the loading itself.
        assert exported(engine).n_learns == 9
        assert habits_models.Heavy.n_loads < 9

    def test_leave_alone_what_takes_long_to_learn(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(habits, "_MAX_LEARN_SECONDS", 0.0)
        engine = make_engine()
        upload(habits_models.Stamping())

        engine.call(learn("model", {"a": 1.0}, 1.0))

        assert engine.call(Inspect("model")).is_replayable
