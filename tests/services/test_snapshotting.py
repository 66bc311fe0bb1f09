import pickle

import pytest

from models_app.domain.errors import ModelNotFound, ModelNotLoadable
from models_app.models import Snapshot
from models_app.services import snapshotting
from tests.services.instances import Instance


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

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            snapshotting.take_snapshot(name="nobody")


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
        Snapshot.objects.update(river_version="0.1.0")

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

    def test_tells_that_there_is_none(self, instance: Instance) -> None:
        assert snapshotting.export_snapshot(snapshot_id=1) is None
