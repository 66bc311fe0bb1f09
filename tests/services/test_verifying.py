import sqlite3
import threading
import time

import pytest
from django.db import connection
from river import forest, tree

from models_app.domain import blobs
from models_app.domain.errors import ModelNotFound
from models_app.engine import forks
from models_app.engine.ports import SnapshotData
from models_app.engine.recovery import from_snapshot
from models_app.models import JournalSegment, ServedModel, Snapshot
from models_app.models.signing import read_snapshot
from models_app.services import runtime, snapshotting, verifying
from models_app.services.verifying import Verification
from tests.engine.test_forks import Forking, ended, fork
from tests.services import history_models
from tests.services.instances import Instance
from tests.storages import OurStorage


def replace_snapshot(instance: Instance, seq: int, model: object) -> None:
    """Put another model into a snapshot, signed as this instance signs."""
    runtime.stop_engine(seconds=10)
    state = instance.state("model")
    kept = read_snapshot(Snapshot.objects.get(seq=seq))
    data = SnapshotData(seq=seq, model=blobs.dumps(model), metrics=kept.metrics, values={"Accuracy": 0.5})
    OurStorage().save_snapshot(state, data)


def verify() -> Verification:
    return verifying.verify_model(name="model")


class TestAModelThatForks:
    @pytest.mark.parametrize("where", ["learn_one", "__getstate__", "__setstate__"])
    def test_is_verified_once(self, instance: Instance, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
        instance.init("regression")
        instance.upload("model", Forking("nowhere", raises=False))
        for number in "123":
            instance.predict(number, "model")
            instance.learn(number, float(number))
        runtime.stop_engine(seconds=10)
        # As in a command, in which no engine was started.
        monkeypatch.setattr(forks, "_owner", None)
        monkeypatch.setattr(Forking, "fork", lambda _, there: there == where and fork())
        ended.clear()

        verification = verify()

        assert verification.is_equal
        assert verification.seq == 3
        assert set(ended) == {1}


class TestVerifyModel:
    def test_finds_equal_what_was_only_learned(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 20)

        assert verify() == Verification(
            name="model", first_seq=0, seq=20, n_compared=0, has_unseeded=False, differences=()
        )

    def test_compares_the_snapshots_on_the_way(self, instance: Instance) -> None:
        instance.upload("model", forest.ARFClassifier(n_models=3, seed=1))
        for _ in range(3):
            instance.run("model", 10)
            snapshotting.take_snapshot(name="model")

        verification = verify()

        assert verification.is_equal
        assert (verification.seq, verification.n_compared) == (30, 3)

    def test_finds_equal_a_model_that_has_learned_nothing(self, instance: Instance) -> None:
        instance.upload("model")

        assert verify().is_equal

    def test_begins_with_the_first_snapshot_that_is_kept(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 4)
        snapshotting.take_snapshot(name="model")
        instance.run("model", 3)
        Snapshot.objects.filter(seq=0).delete()
        JournalSegment.objects.filter(last_seq__lte=4).delete()

        verification = verify()

        assert verification.is_equal
        assert (verification.first_seq, verification.seq) == (4, 7)

    def test_sees_only_the_generation_that_is_served(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 3)
        instance.upload("model")
        instance.run("model", 2)

        verification = verify()

        assert verification.is_equal
        assert verification.seq == 2

    def test_finds_generators_without_a_seed_as_they_were(self, instance: Instance) -> None:
        instance.upload("model", tree.HoeffdingTreeClassifier())
        instance.run("model", 5)
        snapshotting.take_snapshot(name="model")

        verification = verify()

        assert verification.is_equal
        # What they were seeded with while the model learned can be had again.
        assert not verification.has_unseeded

    def test_names_the_snapshot_that_is_not_the_fold(self, instance: Instance) -> None:
        instance.upload("model")
        for _ in range(2):
            instance.run("model", 5)
            snapshotting.take_snapshot(name="model")
        wrong = from_snapshot(instance.state("model"), read_snapshot(Snapshot.objects.get(seq=0)))
        replace_snapshot(instance, 5, wrong.model)

        verification = verify()

        (difference,) = verification.differences
        assert difference.startswith(
            "The model of the snapshot at seq 5 is not the one that the journal leads to: model."
        )

    def test_says_when_the_served_model_differs(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 5)
        snapshotting.take_snapshot(name="model")
        instance.run("model", 5)
        wrong = from_snapshot(instance.state("model"), read_snapshot(Snapshot.objects.get(seq=0)))
        replace_snapshot(instance, 5, wrong.model)
        Snapshot.objects.filter(seq=10).delete()

        differences = verify().differences

        assert differences[-1].startswith(
            "The model of the served model at seq 10 is not the one that the journal leads to: "
            "model.steps['StandardScaler'].counts['x'] is 5 instead of 10."
        )

    def test_says_when_the_metrics_differ(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 6)
        segment = JournalSegment.objects.get(first_seq=3)
        JournalSegment.objects.filter(pk=segment.pk).update(
            learns=segment.learns.replace(",true,", ",false,")
        )
        # What was learned is in the snapshot, and no more what the journal says.
        snapshotting.take_snapshot(name="model")

        differences = verify().differences

        assert any(text.startswith("The metrics of the served model at seq 6 are {") for text in differences)

    @pytest.mark.parametrize(
        ("lost", "difference"),
        [
            (3, "After learn 2 the journal goes on with 4."),
            (6, "The journal ends at 5 instead of 6."),
        ],
    )
    def test_says_where_the_journal_has_a_gap(self, instance: Instance, lost: int, difference: str) -> None:
        instance.upload("model")
        instance.run("model", 6)
        snapshotting.take_snapshot(name="model")
        JournalSegment.objects.filter(first_seq=lost).delete()

        assert verify().differences == (difference,)

    def test_reports_a_segment_that_lacks_learns(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 2)
        snapshotting.take_snapshot(name="model")
        JournalSegment.objects.filter(first_seq=2).update(learns="[]")

        assert verify().differences == ("The segment 2 to 2 has 0 learns.",)

    def test_reports_a_learn_that_does_not_apply(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 2)
        snapshotting.take_snapshot(name="model")
        segment = JournalSegment.objects.get(first_seq=2)
        broken = segment.learns.replace('{"x":1.0,"z":1.0}', '{"x":"one"}')
        assert broken != segment.learns
        JournalSegment.objects.filter(pk=segment.pk).update(learns=broken)

        (difference,) = verify().differences

        assert difference.startswith("Learn 2 does not apply: ")

    def test_reports_snapshots_that_do_not_load(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 2)
        snapshotting.take_snapshot(name="model")
        Snapshot.objects.filter(seq=2).update(signature="0" * 64)

        differences = verify().differences

        assert len(differences) >= 1
        assert "signature" in differences[0]

    def test_compares_chains_of_any_depth(self, instance: Instance) -> None:
        instance.init("regression")
        instance.upload("model", tree.HoeffdingTreeRegressor())
        for i in range(160):
            instance.predict(f"{i}", "model", t=float(i))
            instance.learn(f"{i}", float(i))

        assert verify().is_equal

    def test_reports_what_a_model_raises(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        instance.upload("model", history_models.Moody())
        instance.run("model", 3)
        snapshotting.take_snapshot(name="model")
        runtime.stop_engine(seconds=10)
        monkeypatch.setattr(history_models.Moody, "mood", SystemExit("not today"))

        verification = verify()

        assert verification.differences == ("It cannot be verified: SystemExit('not today')",)

    def test_says_that_there_is_no_snapshot(self, instance: Instance) -> None:
        instance.upload("model")
        Snapshot.objects.all().delete()

        assert verify().differences == ("'model' has no snapshot.",)

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            verify()

    def test_leaves_what_is_learned_meanwhile_to_the_next_time(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 50)
        ends = threading.Event()

        def learn_on() -> None:
            while not ends.is_set():
                instance.run("model", 5)
                snapshotting.take_snapshot(name="model")
            connection.close()

        learner = threading.Thread(target=learn_on)
        learner.start()
        try:
            verifications = [verify() for _ in range(5)]
        finally:
            ends.set()
            learner.join()

        assert all(verification.is_equal for verification in verifications), verifications
        assert ServedModel.objects.get().seq > 50

    def test_changes_nothing(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 3)
        runtime.stop_engine(seconds=10)
        before = self._dump()

        verify()

        assert self._dump() == before

    @staticmethod
    def _dump() -> list[str]:
        with sqlite3.connect(connection.settings_dict["NAME"]) as database:
            dump = list(database.iterdump())
        database.close()
        return dump


class Stamping:
    """A classifier that keeps when it has learned."""

    def __init__(self) -> None:
        self.moments: list[int] = []

    def predict_proba_one(self, x: dict[str, float]) -> dict[bool, float]:
        return {True: 0.25, False: 0.75}

    def learn_one(self, x: dict[str, float], y: bool) -> None:
        self.moments.append(time.time_ns())


class TestAModelThatCannotBeHadAgain:
    def test_is_verified_but_for_itself(self, instance: Instance) -> None:
        instance.upload("model", Stamping())
        instance.run("model", 5)
        runtime.stop_engine(seconds=10)

        verification = verify()

        assert (verification.is_equal, verification.is_replayable) == (True, False)
        assert (verification.seq, verification.n_compared) == (5, 5)

    def test_is_found_out_by_the_fold(self, instance: Instance) -> None:
        instance.upload("model", Stamping())
        instance.run("model", 5)
        runtime.stop_engine(seconds=10)
        ServedModel.objects.update(remarks=[])

        verification = verify()

        assert (verification.is_equal, verification.is_replayable) == (True, False)

    def test_is_different_where_its_journal_is(self, instance: Instance) -> None:
        instance.upload("model", Stamping())
        instance.run("model", 5)
        runtime.stop_engine(seconds=10)
        JournalSegment.objects.filter(first_seq=3).delete()

        assert not verify().is_equal
