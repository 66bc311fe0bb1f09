import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.utils import timezone
from river import forest

from models_app.domain import learns
from models_app.domain.errors import ModelNotFound, ModelNotLoadable, SnapshotNotFound
from models_app.domain.fingerprints import fingerprint
from models_app.models import Generation, JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.models.signing import read_snapshot
from models_app.services import (
    configuring,
    finding,
    listing,
    measuring,
    rolling_back,
    runtime,
    snapshotting,
    uploading,
    verifying,
)
from models_app.services.exporting import export_model
from models_app.services.rolling_back import Rollback
from tests.services.instances import Instance


@dataclass(frozen=True)
class Figures:
    """All that a model is."""

    seq: int
    model: str
    metrics: dict[str, float | None]
    rolling: dict[str, float | None]


def figures(name: str = "model") -> Figures:
    vitals = measuring.vitals(name=name)
    return Figures(
        vitals.seq, fingerprint(pickle.loads(export_model(name=name))), vitals.metrics, vitals.rolling()
    )


def learned(instance: Instance, n: int, *, name: str = "model") -> Figures:
    """Let a model learn, take a snapshot, and return what the model is."""
    instance.run(name, n)
    snapshotting.take_snapshot(name=name)
    return figures(name)


def roll_back(seq: int, **options: Any) -> Rollback:
    return rolling_back.roll_back(name="model", seq=seq, now=timezone.now(), **options)


def row(name: str) -> dict[str, Any]:
    return dict(ServedModel.objects.filter(name=name).values().get())


def rows() -> dict[str, list[Any]]:
    tables: tuple[Any, ...] = (ServedModel, Snapshot, JournalSegment, PendingPrediction, Generation)
    return {table.__name__: list(table._default_manager.order_by("pk").values()) for table in tables}


class TestRollBack:
    def test_makes_the_model_what_it_was(self, instance: Instance) -> None:
        instance.upload("model", forest.ARFClassifier(n_models=3, seed=1))
        then = learned(instance, 20)
        later = learned(instance, 15)

        done = roll_back(20)

        assert done == Rollback(generation=2, seq=20, from_generation=1, left_generation=1, left_seq=35)
        assert figures() == then != later

    def test_makes_it_so_after_a_restart_as_well(self, instance: Instance) -> None:
        instance.upload("model")
        then = learned(instance, 20)
        learned(instance, 15)
        roll_back(20)
        runtime.stop_engine(seconds=10)

        assert figures() == then

    def test_lets_it_learn_on_as_if_nothing_had_been_after(self, instance: Instance) -> None:
        for name in ("model", "other"):
            instance.upload(name)
            learned(instance, 20, name=name)
        instance.run("model", 15)
        roll_back(20)
        for name in ("model", "other"):
            instance.run(name, 7)

        assert figures("model") == figures("other")
        assert figures("model").seq == 27

    def test_leaves_the_rest_of_the_row_alone(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        instance.upload("default")
        learned(instance, 3, name="model")
        before = row("model")

        roll_back(5)

        after = row("model")
        changed = {key for key in after if before[key] != after[key]}
        assert changed - {"size_bytes"} == {"generation", "seq", "n_undone"}
        assert (after["generation"], after["seq"]) == (2, 5)
        assert after["size_bytes"] == Snapshot.objects.get(seq=5, generation=1).size_bytes
        assert finding.model_names() == ["default", "model"]
        assert finding.default_name() == "default"

    def test_leaves_journal_and_snapshots_of_before(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        learned(instance, 3)
        before = rows()

        roll_back(5)

        after = rows()
        assert after["JournalSegment"] == before["JournalSegment"]
        assert after["Snapshot"][:-1] == before["Snapshot"]
        copied, chosen = after["Snapshot"][-1], before["Snapshot"][1]
        assert {key for key in copied if copied[key] != chosen[key]} == {"id", "generation", "signature"}

    def test_goes_forward_again(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        later = learned(instance, 3)
        roll_back(5)
        instance.run("model", 1)

        done = roll_back(8)

        assert (done.generation, done.from_generation, done.left_generation) == (3, 1, 2)
        assert figures() == later

    def test_takes_the_newest_generation_unless_one_is_named(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        first = learned(instance, 3)
        roll_back(5)
        for number in range(3):
            instance.predict(f"other-{number}", "model", x=9.0)
            instance.learn(f"other-{number}", ground_truth=False)
        snapshotting.take_snapshot(name="model")
        second = figures()
        assert first != second

        roll_back(8)
        assert figures() == second

        roll_back(8, generation=1)
        assert figures() == first

    def test_keeps_what_is_pending_for_the_model_as_it_then_is(self, instance: Instance) -> None:
        for name in ("model", "other"):
            instance.upload(name)
            learned(instance, 5, name=name)
        instance.run("model", 4)
        instance.predict("late", "model", x=3.0)
        pending = PendingPrediction.objects.get()
        roll_back(5)
        instance.predict("other-late", "other", x=3.0)

        assert instance.learn("late", ground_truth=True) == 6
        assert instance.learn("other-late", ground_truth=True) == 6
        assert figures("model").model == figures("other").model
        # What is scored is what was answered.
        (learn,) = learns.decode(JournalSegment.objects.get(generation=2).learns)
        assert bytes(learn.prediction).decode() == pending.prediction

    def test_leaves_the_metrics_over_all_models(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        learned(instance, 3)
        before = measuring.instance_metrics()

        roll_back(5)

        assert measuring.instance_metrics() == before

    def test_shows_in_the_list_what_the_served_generation_says(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        learned(instance, 3)
        roll_back(5)
        for number in range(3):
            instance.predict(f"other-{number}", "model", x=9.0)
            instance.learn(f"other-{number}", ground_truth=False)

        (summary,) = listing.list_models()

        assert summary.metrics == measuring.model_metrics(name="model")

    def test_is_reported_in_the_table_of_generations(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        instance.run("model", 3)
        roll_back(5)
        instance.upload("model")

        columns = ("kind", "seq", "from_generation")
        reported = Generation.objects.order_by("generation").values_list(*columns)
        assert list(reported) == [
            ("upload", 0, None), ("rollback", 5, 1), ("upload", 0, None),
        ]  # fmt: skip

    def test_can_be_done_to_where_the_model_is(self, instance: Instance) -> None:
        instance.upload("model")
        then = learned(instance, 5)

        roll_back(5)

        assert figures() == then

    @pytest.mark.parametrize("options", [{"seq": 4}, {"seq": 5, "generation": 2}, {"seq": -1}])
    def test_refuses_what_is_not_kept(self, instance: Instance, options: dict[str, int]) -> None:
        instance.upload("model")
        learned(instance, 5)
        before = rows()

        with pytest.raises(SnapshotNotFound, match=f"'model' has no snapshot at learn {options['seq']}"):
            roll_back(**options)

        assert rows() == before

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            roll_back(0)

    @pytest.mark.parametrize("damage", [{"signature": "0" * 64}, {"river_version": "0.1.0"}])
    def test_refuses_what_does_not_load(self, instance: Instance, damage: dict[str, str]) -> None:
        instance.upload("model")
        learned(instance, 5)
        learned(instance, 3)
        Snapshot.objects.filter(seq=5).update(**damage)
        before = rows()

        with pytest.raises(ModelNotLoadable):
            roll_back(5)

        assert rows() == before

    def test_refuses_a_snapshot_that_is_discarded_meanwhile(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("model")
        learned(instance, 5)

        def read_and_replace(snapshot: Snapshot) -> Any:
            data = read_snapshot(snapshot)
            instance.upload("model")
            return data

        monkeypatch.setattr("models_app.services.rolling_back.read_snapshot", read_and_replace)

        with pytest.raises(SnapshotNotFound):
            roll_back(5)

        assert ServedModel.objects.get().generation == 2

    def test_goes_back_to_a_snapshot_that_is_thinned_out_meanwhile(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("model")
        then = learned(instance, 5)

        def read_and_thin(snapshot: Snapshot) -> Any:
            data = read_snapshot(snapshot)
            Snapshot.objects.filter(pk=snapshot.pk).delete()
            return data

        monkeypatch.setattr("models_app.services.rolling_back.read_snapshot", read_and_thin)

        roll_back(5)

        assert figures() == then

    def test_names_the_nearest_that_are_kept(self, instance: Instance) -> None:
        instance.upload("model")
        for _ in range(4):
            learned(instance, 5)

        with pytest.raises(SnapshotNotFound) as refused:
            roll_back(12)
        assert str(refused.value) == (
            "'model' has no snapshot at learn 12. If there was one, it was thinned out: the first and the "
            "newest few are kept. The nearest now: 5, 10, 15."
        )
        with pytest.raises(SnapshotNotFound, match=r"in generation 7\.$"):
            roll_back(5, generation=7)

    def test_is_undone_with_all_the_rest_by_init(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        roll_back(5)

        configuring.set_flavor(flavor="binary", now=timezone.now())

        assert not any(rows().values())

    def test_leaves_nothing_behind_where_the_model_is_deleted(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        roll_back(5)

        uploading.delete_model(name="model")

        assert not any(rows().values())

    def test_is_forgotten_with_an_upload(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        roll_back(5)
        instance.run("model", 2)

        instance.upload("model")

        assert list(Snapshot.objects.values_list("generation", "seq")) == [(3, 0)]
        assert not JournalSegment.objects.exists()


class TestUndoneLearns:
    def test_make_the_count_of_all_learns_grow_only(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        learned(instance, 3)
        counts = [total()]
        roll_back(5)
        counts.append(total())
        instance.run("model", 1)
        counts.append(total())
        # Forward again, by which nothing is learned.
        roll_back(8)
        counts.append(total())
        instance.upload("model")

        assert counts == [8, 8, 9, 9]
        assert total() == 0


def total() -> int:
    """Return how often the model has learned since the upload."""
    model = ServedModel.objects.get()
    return model.seq + model.n_undone


class TestSnapshotsAfterARollback:
    def test_are_thinned_but_for_the_first_of_the_generation(
        self, instance: Instance, settings: LazySettings
    ) -> None:
        settings.SNAPSHOTS_KEPT = 2
        instance.upload("model")
        for _ in range(2):
            learned(instance, 5)
        roll_back(5)
        for _ in range(4):
            learned(instance, 5)

        kept = list(Snapshot.objects.order_by("pk").values_list("generation", "seq"))

        assert kept == [(1, 0), (1, 5), (1, 10), (2, 5), (2, 20), (2, 25)]

    def test_and_the_journal_are_verified_from_there(self, instance: Instance) -> None:
        instance.upload("model")
        for _ in range(2):
            learned(instance, 5)
        roll_back(5)
        learned(instance, 3)
        instance.run("model", 3)

        verification = verifying.verify_model(name="model")

        assert verification.is_equal
        assert (verification.first_seq, verification.seq, verification.n_compared) == (5, 11, 1)


class TestSnapshotsToGoBackTo:
    def test_are_those_of_all_generations(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 5)
        roll_back(0)

        kept = rolling_back.snapshots_to_go_back_to(name="model")

        assert [(row.generation, row.seq) for row in kept] == [(2, 0), (1, 5), (1, 0)]
        assert {"model_bytes", "metrics_bytes"} <= kept[0].get_deferred_fields()


class TestGeneration:
    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": "upload", "seq": 1},
            {"kind": "upload", "seq": 0, "from_generation": 1},
            {"kind": "rollback", "seq": 0},
            {"kind": "rollback", "seq": 0, "from_generation": 2},
            {"kind": "other", "seq": 0},
        ],
    )
    def test_has_an_origin(self, instance: Instance, fields: dict[str, Any]) -> None:
        instance.upload("model")

        with pytest.raises(IntegrityError), transaction.atomic():
            Generation.objects.create(
                model=ServedModel.objects.get(), generation=2, started_at=timezone.now(), **fields
            )
