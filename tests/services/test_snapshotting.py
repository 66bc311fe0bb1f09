import pickle

import pytest
from django.db import connection

from models_app.domain.errors import ModelNotFound, ModelNotLoadable, StorageUnavailable
from models_app.models import AuditEntry, Snapshot, signing
from models_app.services import auditing, snapshotting
from tests.services.instances import Instance
from tests.snapshots import as_written_by


def _refuse(**_: object) -> None:
    raise StorageUnavailable("full")


class TestTakeSnapshot:
    def test_holds_all_that_was_learned(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 5)

        seq = snapshotting.take_snapshot(name="model")

        assert seq == 5
        assert list(Snapshot.objects.order_by("seq").values_list("seq", flat=True)) == [0, 5]

    def test_writes_nothing_where_there_is_one_already(self, instance: Instance) -> None:
        instance.upload("model")
        before = Snapshot.objects.get()

        seq = snapshotting.take_snapshot(name="model")

        assert seq == 0
        assert Snapshot.objects.get().taken_at == before.taken_at
        assert not AuditEntry.objects.filter(action="snapshot").exists()

    def test_keeps_none_that_is_not_in_the_trail(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("model")
        instance.run("model", 5)
        with monkeypatch.context() as refusing:
            refusing.setattr(auditing, "record", _refuse)
            with pytest.raises(StorageUnavailable):
                snapshotting.take_snapshot(name="model")
        assert Snapshot.objects.count() == 1

        snapshotting.take_snapshot(name="model")

        assert [entry.details for entry in AuditEntry.objects.filter(action="snapshot")] == [{"seq": 5}]
        assert Snapshot.objects.count() == 2

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            snapshotting.take_snapshot(name="nobody")


class TestSignature:
    @pytest.mark.parametrize(
        "garbage",
        ["", "0", "0" * 63, "0" * 64, "z" * 64, "ü" * 64, "\0" * 64, b"\xff" * 64, 7, 1.5],
        ids=repr,
    )
    @pytest.mark.sqlite
    def test_that_is_none_is_a_wrong_one(self, instance: Instance, garbage: str | bytes | float) -> None:
        instance.upload("model")
        snapshot = Snapshot.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE models_app_snapshot SET signature = %s", [garbage])

        with pytest.raises(ModelNotLoadable, match="signature"):
            snapshotting.export_snapshot(snapshot_id=snapshot.pk)

    @pytest.mark.parametrize("column", ["model_bytes", "metrics_bytes"])
    @pytest.mark.parametrize("garbage", ["text", 10**15, b""], ids=repr)
    @pytest.mark.sqlite
    def test_is_of_bytes(self, instance: Instance, column: str, garbage: str | bytes | float) -> None:
        instance.upload("model")
        snapshot = Snapshot.objects.get()
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE models_app_snapshot SET {column} = %s", [garbage])

        with pytest.raises(ModelNotLoadable, match="signature"):
            snapshotting.export_snapshot(snapshot_id=snapshot.pk)

    def test_holds_under_one_name_only(self, instance: Instance) -> None:
        instance.upload("good")
        instance.upload("evil")
        with connection.cursor() as cursor:
            for old, new in (("good", "swapped"), ("evil", "good"), ("swapped", "evil")):
                cursor.execute("UPDATE models_app_servedmodel SET name = %s WHERE name = %s", [new, old])

        for snapshot in Snapshot.objects.all():
            with pytest.raises(ModelNotLoadable, match="signature"):
                snapshotting.export_snapshot(snapshot_id=snapshot.pk)

    def test_of_before_names_were_signed_is_accepted_for_what_it_was(self, instance: Instance) -> None:
        instance.upload("model")
        snapshot = Snapshot.objects.get()
        context = f"snapshot 0 of model {snapshot.model_id}, generation {snapshot.generation}"
        model_bytes, metrics_bytes = bytes(snapshot.model_bytes), bytes(snapshot.metrics_bytes)
        old = signing.signer().sign(context, model_bytes, metrics_bytes)
        Snapshot.objects.update(signature=old)

        assert snapshotting.export_snapshot(snapshot_id=snapshot.pk)

        Snapshot.objects.update(generation=snapshot.generation + 1)
        with pytest.raises(ModelNotLoadable, match="signature"):
            snapshotting.export_snapshot(snapshot_id=snapshot.pk)


class TestExportSnapshot:
    def test_gives_the_pickle(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 3)
        snapshotting.take_snapshot(name="model")
        newest = Snapshot.objects.get(seq=3)

        data = snapshotting.export_snapshot(snapshot_id=newest.pk)

        assert data is not None
        assert len(data) == newest.size_bytes
        model = pickle.loads(data)
        assert model["StandardScaler"].counts["x"] == 3

    def test_works_under_other_versions(self, instance: Instance) -> None:
        instance.upload("model")
        as_written_by(river="0.1.0")

        data = snapshotting.export_snapshot(snapshot_id=Snapshot.objects.get().pk)

        assert data is not None
        assert pickle.loads(data)["StandardScaler"].counts["x"] == 0

    def test_refuses_bytes_that_this_instance_has_not_written(self, instance: Instance) -> None:
        instance.upload("model")
        instance.upload("other")
        foreign = Snapshot.objects.get(model__name="other")
        Snapshot.objects.filter(model__name="model").update(model_bytes=foreign.model_bytes)
        swapped = Snapshot.objects.get(model__name="model")
        Snapshot.objects.filter(pk=swapped.pk).update(signature=foreign.signature)

        with pytest.raises(ModelNotLoadable, match="signature"):
            snapshotting.export_snapshot(snapshot_id=swapped.pk)

    def test_says_that_there_is_none(self, instance: Instance) -> None:
        assert snapshotting.export_snapshot(snapshot_id=1) is None
