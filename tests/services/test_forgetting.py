"""Forgetting, against models that never had what was forgotten."""

import pickle
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.utils import timezone
from river import anomaly, bandit, compose, linear_model, preprocessing, tree

from models_app.domain import learns
from models_app.domain.comparisons import compare
from models_app.domain.errors import (
    ModelNotFound,
    NotReplayable,
    PredictionNotPending,
    SnapshotNotFound,
    StorageUnavailable,
)
from models_app.domain.fingerprints import fingerprint
from models_app.domain.mentions import OfFeature, OfId
from models_app.engine.recovery import from_snapshot
from models_app.models import (
    AuditEntry,
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
)
from models_app.services import (
    forgetting,
    hooks,
    measuring,
    rebuilding,
    replaying,
    rolling_back,
    runtime,
    snapshotting,
    verifying,
)
from models_app.services.exporting import export_model
from models_app.services.forgetting import Forgotten
from models_app.services.relearning import Relearning
from tests.services.instances import Instance, logistic
from tests.services.test_rolling_back import Figures, learned, roll_back, rows


def forget(mention: OfId | OfFeature, name: str = "model") -> Forgotten:
    return forgetting.forget(name=name, mention=mention, now=timezone.now())


def served(name: str = "model") -> Any:
    return pickle.loads(export_model(name=name))


def figures(name: str = "model") -> Figures:
    """Return all that a model is, but for its generators without a seed: their numbers go by its name."""
    vitals = measuring.vitals(name=name)
    model = fingerprint(served(name), unseeded=False)
    return Figures(vitals.seq, model, vitals.metrics, vitals.rolling())


def journal(generation: int | None = None, model: str = "model") -> list[learns.Learn]:
    kept = JournalSegment.objects.filter(model__name=model).order_by("generation", "first_seq")
    if generation is not None:
        kept = kept.filter(generation=generation)
    return [learn for text in kept.values_list("learns", flat=True) for learn in learns.decode(text)]


def ids(generation: int | None = None) -> list[str | None]:
    return [learn.prediction_id for learn in journal(generation)]


def numbers(generation: int) -> list[int]:
    """Return the seqs of a generation's own learns, as its segments have them."""
    kept = JournalSegment.objects.filter(generation=generation).order_by("first_seq")
    return [n for row in kept for n in range(row.first_seq, row.last_seq + 1)]


def bare(model: Any, numbers: Iterable[int]) -> Any:
    """Let a model, as an upload brings it, learn what `Instance.run` has it learn with such numbers."""
    # A set that comes from a plain pickle may be walked in another order: in that of some hash seeds.
    model = pickle.loads(pickle.dumps(model))
    for i in numbers:
        model.learn_one({"x": float(i % 7), "z": float(i % 3)}, i % 2 == 0)
    return model


def teach(instance: Instance, name: str, numbers: Iterable[int]) -> None:
    """Let a model learn from features, of one person each."""
    for i in numbers:
        instance.learn_from(name, i % 3 == 0, x=float(i % 7), z=float(i % 5), person=i)


def numeric() -> Any:
    return compose.Select("x", "z") | logistic()


def adaptive_tree() -> Any:
    return tree.HoeffdingAdaptiveTreeClassifier(grace_period=5, seed=1)


@pytest.fixture
def twins(instance: Instance) -> Instance:
    """An instance with models that were the same: one has learned of persons 0 to 39, one of all but 12."""
    # Its splitters have generators without a seed: three times the same ones.
    model = adaptive_tree()
    for name in ("model", "other", "fresh"):
        instance.upload(name, model)
    teach(instance, "model", range(40))
    teach(instance, "other", [i for i in range(40) if i != 12])
    return instance


class TestForget:
    @pytest.mark.parametrize("make", [logistic, adaptive_tree])
    def test_makes_the_model_what_it_would_be(self, instance: Instance, make: Callable[[], Any]) -> None:
        instance.upload("model", make())
        instance.run("model", 40)

        done = forget(OfId("model-7"))

        expected = pickle.loads(pickle.dumps(bare(make(), [i for i in range(40) if i != 7])))
        assert (done.n_records, done.n_pending, done.left_seq, done.seq) == (1, 0, 40, 39)
        assert compare(served(), expected).difference is None
        x = {"x": 3.0, "z": 1.0}
        assert served().predict_proba_one(x) == expected.predict_proba_one(x)
        assert compare(served(), bare(make(), range(40))).difference is not None

    def test_makes_metrics_and_journal_what_they_would_be(self, twins: Instance) -> None:
        done = forget(OfFeature("person", [12]))

        assert (done.n_records, done.generation, done.seq) == (1, 2, 39)
        assert figures("model") == figures("other")
        records = [(bytes(r.features), bytes(r.prediction), r.ground_truth) for r in journal()]
        others = [(bytes(r.features), bytes(r.prediction), r.ground_truth) for r in journal(model="other")]
        assert records == others

    def test_lasts(self, twins: Instance) -> None:
        forget(OfFeature("person", [12]))
        runtime.stop_engine(seconds=10)
        assert figures("model") == figures("other")

        for name in ("model", "other"):
            teach(twins, name, range(50, 60))
        snapshotting.take_snapshot(name="model")
        runtime.stop_engine(seconds=10)

        assert figures("model") == figures("other")
        verified = verifying.verify_model(name="model")
        assert (verified.differences, verified.first_seq, verified.seq) == ((), 0, 49)
        # What was made by forgetting, and the snapshots after it.
        assert verified.n_compared == Snapshot.objects.filter(model__name="model").count() - 1 >= 2

    def test_leaves_nothing_of_it(self, instance: Instance) -> None:
        instance.upload("model", numeric())
        instance.run("model", 3)
        for i in range(5):
            instance.predict(
                f"kept-{i}", "model", x=1.0, z=2.0, person="secret-marker" if i % 2 else "somebody"
            )
        instance.learn("kept-1", ground_truth=True)
        snapshotting.take_snapshot(name="model")
        instance.learn("kept-0", ground_truth=True)
        assert "secret-marker" in str(rows())

        done = forget(OfFeature("person", ["secret-marker"]))

        assert (done.n_records, done.n_pending) == (1, 1)
        assert "secret-marker" not in str(rows())
        assert set(PendingPrediction.objects.values_list("pk", flat=True)) == {"kept-2", "kept-4"}
        # Not the snapshot that has seen it.
        assert set(Snapshot.objects.values_list("generation", "seq")) == {(1, 0), (2, 4)}
        with pytest.raises(PredictionNotPending):
            instance.learn("kept-3", ground_truth=True)
        assert instance.learn("kept-2", ground_truth=False) == 5

    def test_begins_a_generation(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 10)

        forget(OfId("model-3"))

        columns = ("kind", "seq", "from_generation")
        assert list(Generation.objects.order_by("generation").values_list(*columns)) == [
            ("upload", 0, None),
            ("forget", 9, 1),
        ]
        row = ServedModel.objects.get()
        assert (row.generation, row.seq, row.n_undone) == (2, 9, 1)
        assert numbers(1) == list(range(1, 10))

    def test_takes_what_is_pending_alone_without_a_new_model(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 10)
        instance.predict("last", "model", x=1.0)
        before = rows()

        done = forget(OfId("last"))

        assert (done.n_records, done.n_pending, done.generation, done.seq) == (0, 1, 1, 10)
        after = rows()
        assert before.pop("PendingPrediction") != after.pop("PendingPrediction") == []
        assert before == after

    def test_takes_out_whole_segments_and_parts(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 6)
        _join_segments(2, 4)

        for number in (0, 2, 5):
            forget(OfId(f"model-{number}"))

        assert ids() == ["model-1", "model-3", "model-4"]
        assert sorted(n for g in (1, 2, 3, 4) for n in numbers(g)) == [1, 2, 3]
        assert fingerprint(served()) == fingerprint(bare(logistic(), [1, 3, 4]))

    def test_begins_with_the_newest_snapshot_before_it(self, instance: Instance) -> None:
        instance.upload("model", numeric())
        learned(instance, 10)
        instance.learn_from("model", True, x=1.0, z=2.0, person="gone")
        instance.run("model", 10)
        # Nothing else loads.
        Snapshot.objects.filter(seq=0).update(signature="none")

        forget(OfFeature("person", ["gone"]))

        assert compare(served(), bare(numeric(), [*range(10), *range(10)])).difference is None

    def test_leaves_the_metrics_over_all_models_alone(self, twins: Instance) -> None:
        before = measuring.instance_metrics()
        forget(OfFeature("person", [12]))
        assert measuring.instance_metrics() == before

        teach(twins, "model", [60])
        runtime.stop_engine(seconds=10)

        assert measuring.instance_metrics()["Accuracy"] != before["Accuracy"]

    def test_writes_a_receipt_that_says_nothing_of_it(self, instance: Instance) -> None:
        instance.upload("model", numeric())
        instance.predict("secret-id", "model", x=1.0, z=2.0, secret_name="secret-value")
        instance.learn("secret-id", ground_truth=True)

        first = forget(OfFeature("secret_name", ["secret-value"]))
        again = forget(OfFeature("secret_name", ["secret-value"]))
        other = forget(OfId("secret-id"))

        entries = list(AuditEntry.objects.filter(action="forget").order_by("pk"))
        assert [entry.details["n_records"] for entry in entries] == [1, 0, 0]
        assert entries[0].details == {
            "by": "feature",
            "n_records": 1,
            "n_pending": 0,
            "generation": 2,
            "seq": 0,
            "left_generation": 1,
            "left_seq": 1,
            "receipt": first.receipt,
        }
        assert first.receipt == again.receipt != other.receipt
        assert "secret" not in str(list(AuditEntry.objects.values()))

    @pytest.mark.sqlite
    def test_says_where_traces_may_be_left(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        instance.upload("model")
        instance.run("model", 3)
        monkeypatch.setattr(forgetting, "_SMALL_BYTES", 0)

        large = forget(OfId("model-1"))
        rewritten = forgetting.forget(
            name="model", mention=OfId("model-2"), now=timezone.now(), rewrites=True
        )

        assert (large.has_traces, rewritten.has_traces) == (True, False)

    def test_refuses_a_model_that_is_not_there(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            forget(OfId("1"), name="nobody")


def _join_segments(first: int, last: int) -> None:
    """Make one segment of several, as if one commit had written them."""
    some = JournalSegment.objects.filter(first_seq__gte=first, first_seq__lte=last).order_by("first_seq")
    records = [learn for row in some for learn in learns.decode(row.learns)]
    some.exclude(first_seq=first).delete()
    JournalSegment.objects.filter(first_seq=first).update(last_seq=last, learns=learns.encode(records))


class TestFlavors:
    """What other flavors keep in their journals."""

    def test_has_an_anomaly_detector_forget(self, instance: Instance) -> None:
        def make() -> Any:
            return preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=3, height=3, seed=1)

        instance.upload("model", make(), flavor="anomaly")
        xs = [{"x": (i * 37 % 11) / 11, "z": (i * 17 % 5) / 5} for i in range(40)]
        for i, x in enumerate(xs):
            instance.predict(f"at-{i}", "model", **x)
            instance.learn(f"at-{i}", None)
        # The truth comes later, and teaches nothing.
        instance.learn("at-12", ground_truth=True)
        instance.learn("at-13", ground_truth=False)

        done = forget(OfId("at-12"))

        expected = make()
        for i, x in enumerate(xs):
            if i != 12:
                expected.learn_one(x)
        assert (done.n_records, done.seq) == (2, 40)
        assert fingerprint(served()) == fingerprint(expected)
        assert served().score_one(xs[0]) == expected.score_one(xs[0])

    def test_has_a_bandit_forget_pulls_and_rewards(self, instance: Instance) -> None:
        policy = bandit.EpsilonGreedy(epsilon=0.5, seed=1)
        instance.upload("model", policy, flavor="bandit")
        pulled = {}
        for i in range(30):
            answer = instance.ask(f"pull-{i}", "model", arms=["a", "b", "c"], features={"user": i % 10})
            pulled[i] = answer["arm"]
            instance.learn(f"pull-{i}", float(i % 3))

        done = forget(OfFeature("user", [4]))

        # It pulls for what is left, whatever that is, and is rewarded for the arms that were pulled.
        for i, arm in pulled.items():
            if i % 10 != 4:
                policy.pull(["a", "b", "c"])
                policy.update(arm, float(i % 3))
        assert (done.n_records, done.seq) == (6, 54)
        assert fingerprint(served()) == fingerprint(policy)
        assert verifying.verify_model(name="model").is_equal

    def test_has_a_read_only_model_forget(self, instance: Instance) -> None:
        instance.upload("model", bare(numeric(), range(5)))
        ServedModel.objects.update(is_read_only=True)
        teach(instance, "model", range(10))
        before = measuring.vitals(name="model").metrics

        done = forget(OfFeature("person", [3]))

        assert (done.n_records, done.seq) == (1, 9)
        assert compare(served(), bare(numeric(), range(5))).difference is None
        assert measuring.vitals(name="model").metrics != before


class TestAcrossRollbacks:
    def test_follows_what_the_model_stems_from(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 10)
        for i in range(10, 20):
            instance.learn_from("model", i % 2 == 0, x=float(i % 7), z=float(i % 3))
        roll_back(10)
        for i in range(30, 40):
            instance.learn_from("model", i % 2 == 0, x=float(i % 7), z=float(i % 3))

        done = forget(OfId("model-4"))

        kept = [i for i in (*range(10), *range(30, 40)) if i != 4]
        assert (done.n_records, done.seq) == (1, 19)
        assert fingerprint(served()) == fingerprint(bare(logistic(), kept))
        assert (numbers(1), numbers(2)) == (list(range(1, 20)), list(range(10, 20)))
        assert list(Generation.objects.order_by("generation").values_list("seq", flat=True)) == [0, 9, 19]
        assert verifying.verify_model(name="model").is_equal

    def test_leaves_what_it_stems_from_as_good_as_it_was(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 10)
        first = figures()
        roll_back(10)
        instance.run("model", 5)

        forget(OfId("model-4"))

        # It is in both: the upload alone has none of them.
        assert set(Snapshot.objects.values_list("generation", "seq")) == {(1, 0), (3, 13)}
        assert first.seq == 10
        with pytest.raises(SnapshotNotFound, match="forgotten something"):
            roll_back(10)
        roll_back(0)
        assert figures().seq == 0

    def test_takes_it_out_of_what_was_left(self, instance: Instance) -> None:
        instance.upload("model", numeric())
        learned(instance, 5)
        then = figures()
        instance.learn_from("model", True, x=1.0, z=2.0, person="gone")
        instance.run("model", 3)
        snapshotting.take_snapshot(name="model")
        roll_back(5)
        before = ServedModel.objects.values("generation", "seq", "n_undone").get()

        done = forget(OfFeature("person", ["gone"]))

        assert (done.n_records, done.generation, done.left_generation) == (1, 2, 2)
        assert ServedModel.objects.values("generation", "seq", "n_undone").get() == before
        assert figures() == then
        assert numbers(1) == list(range(1, 9))
        with pytest.raises(SnapshotNotFound):
            roll_back(9)
        plan = replaying.begin_replay(name="model", generation=1)
        assert len(list(plan.feed().answers(plan.records()))) == 3
        assert compare(served(), bare(numeric(), [*range(5), *range(3)])).difference is None

    def test_lets_a_replay_go_on_where_it_was(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        for i in range(5, 15):
            instance.learn_from("model", i % 2 == 0, x=float(i % 7), z=float(i % 3), person=i)
        roll_back(5)
        plan = replaying.begin_replay(name="model", generation=1, until=10)
        list(plan.feed().answers(plan.records()))

        # Learned then, and learned again; and one that is still to come.
        done = forget(OfFeature("person", [7]))
        later = forget(OfFeature("person", [12]))

        assert (done.n_records, later.n_records) == (2, 1)
        assert Replay.objects.get().seq == 9
        plan = replaying.begin_replay(name="model", generation=1)
        list(plan.feed().answers(plan.records()))
        persons = [msgspec_person(learn) for generation in (2, 3) for learn in journal(generation)]
        assert persons == [5, 6, 8, 9, 10, 11, 13, 14]

    def test_forgets_again_and_again(self, twins: Instance) -> None:
        for i in (0, 39, 20):
            forget(OfFeature("person", [i]))
            teach(twins, "model", [100 + i])

        teach(twins, "fresh", [i for i in range(1, 39) if i != 20])
        # Those that came between are learned in their order.
        expected = [i for i in range(1, 39) if i != 20] + [100, 139, 120]
        assert [msgspec_person(learn) for learn in journal()] == expected
        teach(twins, "fresh", [100, 139, 120])
        assert figures("model") == figures("fresh")
        assert verifying.verify_model(name="model").is_equal


def msgspec_person(learn: learns.Learn) -> object:
    x = learn.x()
    assert isinstance(x, dict)
    return x["person"]


class TestMeanwhile:
    """What is learned, rolled back or uploaded while the model is being rebuilt."""

    @pytest.mark.parametrize(("n", "in_the_end"), [(1, False), (50, False), (3, True)])
    def test_has_what_is_learned_meanwhile(
        self, twins: Instance, monkeypatch: pytest.MonkeyPatch, n: int, in_the_end: bool
    ) -> None:
        go_on, learned = Relearning.go_on, list[int]()

        def meddled(relearning: Relearning) -> int:
            n_read = go_on(relearning) if in_the_end else 0
            if not learned:
                learned.append(n)
                teach(twins, "model", range(60, 60 + n))
            return n_read if in_the_end else go_on(relearning)

        monkeypatch.setattr(Relearning, "go_on", meddled)

        done = forget(OfFeature("person", [12]))

        teach(twins, "other", range(60, 60 + n))
        assert (done.left_seq, done.seq) == (40 + n, 39 + n)
        assert figures("model") == figures("other")
        assert numbers(2) == list(range(40, 40 + n))
        assert verifying.verify_model(name="model").is_equal

    def test_forgets_what_is_learned_meanwhile(self, twins: Instance) -> None:
        mention = Meddling("person", [12], lambda: teach(twins, "model", [12, 61, 12]), at=60)

        done = forget(mention)

        teach(twins, "other", [61])
        assert done.n_records == 3
        assert figures("model") == figures("other")

    def test_begins_anew_where_the_first_is_learned_meanwhile(self, twins: Instance) -> None:
        mention = Meddling("person", [77], lambda: teach(twins, "model", [77]), at=60)

        assert forget(mention).n_records == 1

    def test_begins_anew_after_a_rollback(self, twins: Instance) -> None:
        snapshotting.take_snapshot(name="model")
        teach(twins, "model", [12])
        mention = Meddling("person", [12], lambda: roll_back(40), at=60)

        done = forget(mention)

        assert (done.n_records, done.left_generation, done.generation) == (2, 2, 3)
        assert figures("model") == figures("other")

    def test_keeps_a_rollback_from_bringing_it_back(
        self, twins: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        snapshotting.take_snapshot(name="model")
        load = from_snapshot

        def loaded(*args: Any) -> Any:
            forget(OfFeature("person", [12]))
            return load(*args)

        monkeypatch.setattr(rolling_back, "from_snapshot", loaded)

        # Its bytes are at hand, and have seen it.
        with pytest.raises(SnapshotNotFound):
            roll_back(40)

        assert figures("model") == figures("other")

    def test_has_nobody_wait_for_what_is_learned_too_quickly(
        self, twins: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = Relearning.go_on

        def overtaken(relearning: Relearning) -> int:
            n_read = go_on(relearning)
            teach(twins, "model", range(60, 64))
            return n_read

        monkeypatch.setattr(Relearning, "go_on", overtaken)
        monkeypatch.setattr(rebuilding, "_MAX_LEFT", 3)

        with pytest.raises(StorageUnavailable, match="more quickly"):
            forget(OfFeature("person", [12]))

        assert not Generation.objects.filter(kind=Generation.FORGET).exists()

    def test_gives_up_where_that_never_ends(self, twins: Instance) -> None:
        snapshotting.take_snapshot(name="model")
        mention = Meddling("person", [12], lambda: roll_back(40), at=1, every=10)

        with pytest.raises(StorageUnavailable, match="too often"):
            forget(mention)

        assert not Generation.objects.filter(kind=Generation.FORGET).exists()


class Meddling(OfFeature):
    """A feature to be looked for; at the `at`th record something else is done."""

    def __init__(
        self, name: str, values: list[Any], does: Callable[[], object], *, at: int, every: int | None = None
    ) -> None:
        super().__init__(name, values)
        object.__setattr__(self, "does", does)
        object.__setattr__(self, "due", {at} if every is None else set(range(at, 10_000, every)))
        object.__setattr__(self, "n", 0)

    def is_in(self, prediction_id: str | None, text: Any) -> bool:
        object.__setattr__(self, "n", self.n + 1)  # type: ignore[attr-defined]
        if self.n in self.due:  # type: ignore[attr-defined]
            self.does()  # type: ignore[attr-defined]
        return super().is_in(prediction_id, text)


class TestRefusals:
    def test_of_a_failure_in_the_middle_change_nothing(
        self, twins: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("killed")

        monkeypatch.setattr(hooks.forgettings, "listeners", [fail])
        before = rows(), figures(), measuring.instance_metrics()

        with pytest.raises(RuntimeError, match="killed"):
            forget(OfFeature("person", [12]))

        assert (rows(), figures(), measuring.instance_metrics()) == before
        teach(twins, "model", [61])
        assert figures().seq == 41

    def test_of_a_model_that_cannot_be_had_again(self, instance: Instance) -> None:
        from tests.engine.habits_models import Stamping

        instance.init("regression")
        instance.upload("model", Stamping())
        for i in range(4):
            instance.learn_from("model", float(i), x=float(i), person=i)
        instance.predict("pending", "model", person=2)
        before = rows()

        with pytest.raises(NotReplayable, match="clock"):
            forget(OfFeature("person", [2]))

        assert rows() == before
        # What is pending alone is no matter of the model's.
        assert forget(OfId("pending")).n_pending == 1

    def test_of_a_model_that_does_not_take_the_rest(self, instance: Instance) -> None:
        instance.init("regression")
        instance.upload("model", NeedsFirst())
        for i in range(4):
            instance.learn_from("model", float(i), first=i == 0, person=i)
        before = rows()

        with pytest.raises(NotReplayable, match="learn 2 of generation 1"):
            forget(OfFeature("person", [0]))

        assert rows() == before


class NeedsFirst(linear_model.LinearRegression):  # type: ignore[misc]
    """A model that learns nothing before it has learned the first."""

    has_first = False

    def learn_one(self, x: Any, y: Any) -> None:
        if not (x["first"] or self.has_first):
            raise ValueError("nothing was first")
        self.has_first = True
