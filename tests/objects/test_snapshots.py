"""Snapshots whose bytes are in an object store: what holds of all others, and what could be lost."""

import pickle
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from models_app.domain import blobs
from models_app.domain.comparisons import compare
from models_app.domain.errors import ModelNotLoadable, QuotaExceeded, StorageUnavailable
from models_app.domain.mentions import OfId
from models_app.engine.ports import SnapshotData
from models_app.models import Configuration, DiscardedObject, ServedModel, Snapshot, object_store
from models_app.models.packing import Packed, pack
from models_app.models.signing import read_snapshot
from models_app.models.transactions import writer_lock_if_free
from models_app.services import (
    configuring,
    forgetting,
    health,
    resigning,
    rolling_back,
    runtime,
    snapshot_objects,
    snapshotting,
    uploading,
    verifying,
)
from models_app.services.exporting import export_model
from models_app.services.snapshot_objects import Keeper
from tests.objects.stores import Store
from tests.services.instances import Instance, instance

__all__ = ["instance"]


@pytest.fixture
def kept(instance: Instance, store: Store, settings: Any) -> Instance:
    """An instance whose snapshots go to the store, with a model that has learned 4 times."""
    settings.SNAPSHOTS_URL = store.url
    instance.upload("model")
    instance.run("model", 4)
    snapshotting.take_snapshot(name="model")
    return instance


def named() -> set[str]:
    """The objects that rows name."""
    return set(Snapshot.objects.values_list("object_url", flat=True))


def in_days(n: float) -> Any:
    return timezone.now() + timedelta(days=n)


class TestBytes:
    def test_are_in_the_store_alone(self, kept: Instance, store: Store) -> None:
        rows = list(Snapshot.objects.all())

        assert [bytes(row.model_bytes) for row in rows] == [b"", b""]
        assert store.objects() == named()
        assert len(named()) == 2
        assert all(url.startswith(f"{store.url}/") for url in named())

    def test_are_what_a_model_is_rebuilt_from(self, kept: Instance, store: Store) -> None:
        kept.run("model", 3)
        before = export_model(name="model")
        runtime.stop_engine(seconds=10)
        assert Snapshot.objects.count() == 3

        # The snapshot at the stop has all: nothing else is left to lead to it.
        Snapshot.objects.filter(seq__lt=7).delete()

        assert compare(pickle.loads(before), pickle.loads(export_model(name="model"))).difference is None
        assert kept.learn_from("model", True, x=1.0) == 8

    def test_are_compared_with_the_journal(self, kept: Instance) -> None:
        verification = verifying.verify_model(name="model")

        assert (verification.differences, verification.n_compared) == ((), 1)

    def test_are_never_written_over(self, store: Store) -> None:
        url = f"{store.url}/once"
        object_store.put_new(url, b"first")

        with pytest.raises(StorageUnavailable, match="already exists"):
            object_store.put_new(url, b"second")
        assert object_store.get(url) == b"first"

    def test_that_are_not_the_signed_are_not_unpickled(self, kept: Instance, store: Store) -> None:
        first, last = Snapshot.objects.select_related("model").order_by("seq")
        other = f"{store.url}/other"
        object_store.put_new(other, blobs.compress(b"something else"))

        last.object_url = other
        with pytest.raises(ModelNotLoadable, match="signature"):
            read_snapshot(last)
        last.object_url = first.object_url
        with pytest.raises(ModelNotLoadable, match="signature"):
            read_snapshot(last)
        last.object_url = f"{store.url}/nothing"
        with pytest.raises(ModelNotLoadable, match="not in the object store any more"):
            read_snapshot(last)

    def test_travel_while_nobody_waits_for_the_database(
        self, kept: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_new, delete, seen = object_store.put_new, object_store.delete, []

        def look() -> None:
            with writer_lock_if_free() as is_free:
                seen.append(is_free and not connection.in_atomic_block)

        def looking_put(url: str, data: bytes) -> None:
            look()
            put_new(url, data)

        def looking_delete(url: str) -> None:
            look()
            delete(url)

        monkeypatch.setattr(object_store, "put_new", looking_put)
        monkeypatch.setattr(object_store, "delete", looking_delete)
        kept.run("model", 1)
        snapshotting.take_snapshot(name="model")
        rolling_back.roll_back(name="model", seq=4, now=timezone.now())
        kept.learn_from("model", True, x=1.0)
        forgetting.forget(name="model", mention=OfId("model-0"), now=timezone.now())
        kept.upload("model")

        assert len(seen) >= 8
        assert all(seen)


class TestGoing:
    def test_takes_the_object_of_what_is_thinned_out(
        self, kept: Instance, store: Store, settings: Any
    ) -> None:
        settings.SNAPSHOTS_KEPT = 1
        for n in range(3):
            kept.learn_from("model", True, x=float(n))
            snapshotting.take_snapshot(name="model")
        assert DiscardedObject.objects.count() == 3

        Keeper().tick()

        assert store.objects() == named()
        assert len(named()) == 2
        assert not DiscardedObject.objects.exists()

    def test_takes_those_of_a_model_that_is_deleted_or_replaced(self, kept: Instance, store: Store) -> None:
        before = named()
        kept.upload("model")
        assert store.objects() == named()
        assert not named() & before

        uploading.delete_model(name="model")

        assert store.objects() == set()

    def test_takes_all_of_them_with_the_models(self, kept: Instance, store: Store) -> None:
        configuring.set_flavor(flavor="regression", now=timezone.now())

        assert not ServedModel.objects.exists()
        assert store.objects() == set()

    def test_takes_what_was_forgotten(self, kept: Instance, store: Store) -> None:
        before = named()
        (learned,) = Snapshot.objects.filter(seq=4)

        done = forgetting.forget(name="model", mention=OfId("model-1"), now=timezone.now())

        # Of its log, PostgreSQL says nothing.
        assert done.has_traces == (connection.vendor != "sqlite")
        assert learned.object_url not in store.objects()
        assert store.objects() == named() != before
        assert verifying.verify_model(name="model").differences == ()

    def test_is_made_up_for_where_the_store_was_away(self, kept: Instance, store: Store) -> None:
        (learned,) = Snapshot.objects.filter(seq=4)
        forgotten = kept.learn_from("model", True, x=9.0)
        snapshotting.take_snapshot(name="model")
        url = Snapshot.objects.get(seq=forgotten).object_url
        with store.away():
            Snapshot.objects.filter(seq=forgotten).delete()
            assert not snapshot_objects.remove_discarded()

        assert url in store.objects()
        assert snapshot_objects.remove_discarded()
        assert url not in store.objects()
        assert learned.object_url in store.objects()


class TestOrphans:
    def test_are_swept_once_they_have_had_their_time(self, kept: Instance, store: Store) -> None:
        # As a crash leaves it, between the object and the row.
        left = Packed(SnapshotData(seq=5, model=b"model", metrics=b"metrics"), "model").object_url

        assert snapshot_objects.sweep(now=in_days(0.9)) == 0
        assert left in store.objects()
        assert snapshot_objects.sweep(now=in_days(1.1)) == 1
        assert store.objects() == named()
        assert snapshot_objects.sweep(now=in_days(1000)) == 0

    def test_of_others_are_left(self, kept: Instance, store: Store) -> None:
        others = {f"{store.url}/another", f"{store.url}/{'0' * 16}/1/0-a-b"}
        for url in others:
            object_store.put_new(url, b"")

        snapshot_objects.sweep(now=in_days(2))

        assert store.objects() == named() | others

    def test_are_swept_by_the_server(self, kept: Instance, store: Store, settings: Any) -> None:
        left = Packed(SnapshotData(seq=5, model=b"model", metrics=b"metrics"), "model").object_url
        settings.SNAPSHOTS_GRACE_SECONDS = -5

        Keeper().tick()

        assert left not in store.objects()
        assert store.objects() == named()

    def test_come_to_no_row_that_is_too_late(self, kept: Instance, settings: Any) -> None:
        state = kept.state("model")
        settings.SNAPSHOTS_GRACE_SECONDS = 0

        with (
            pytest.raises(StorageUnavailable, match="waited for too long"),
            pack(SnapshotData(seq=5, model=b"model", metrics=b"metrics"), str(state.model_id)) as packed,
        ):
            packed.columns()

    def test_go_at_once_where_an_upload_is_refused(
        self, kept: Instance, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_args: object) -> None:
            raise QuotaExceeded("full")

        monkeypatch.setattr(uploading, "_put", refuse)

        with pytest.raises(QuotaExceeded):
            kept.upload("another")

        snapshot_objects.remove_discarded()
        assert store.objects() == named()


class TestMixed:
    def test_snapshots_of_before_and_after_are_read(
        self, instance: Instance, store: Store, settings: Any
    ) -> None:
        instance.upload("model")
        instance.run("model", 2)
        settings.SNAPSHOTS_URL = store.url
        snapshotting.take_snapshot(name="model")
        instance.run("model", 2)
        settings.SNAPSHOTS_URL = ""
        snapshotting.take_snapshot(name="model")

        assert [bool(row.object_url) for row in Snapshot.objects.order_by("seq")] == [False, True, False]
        assert verifying.verify_model(name="model").differences == ()
        rolled = rolling_back.roll_back(name="model", seq=2, now=timezone.now())
        assert bytes(Snapshot.objects.get(generation=rolled.generation).model_bytes) != b""
        assert export_model(name="model")

    def test_are_exported_gone_back_to_and_signed_anew(self, kept: Instance, settings: Any) -> None:
        (learned,) = Snapshot.objects.filter(seq=4)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [settings.SECRET_KEY]

        assert resigning.resign_models().unknown == []
        settings.SECRET_KEY_FALLBACKS = []
        exported = snapshotting.export_snapshot(snapshot_id=learned.pk)
        assert exported == read_snapshot(Snapshot.objects.select_related("model").get(seq=4)).model
        rolled = rolling_back.roll_back(name="model", seq=0, now=timezone.now())
        assert (rolled.generation, rolled.seq) == (2, 0)
        first, begun = Snapshot.objects.select_related("model").filter(seq=0).order_by("generation")
        assert first.object_url != begun.object_url
        assert read_snapshot(first).model == read_snapshot(begun).model


class TestAway:
    def test_models_learn_on(self, kept: Instance, store: Store) -> None:
        with store.away():
            kept.run("model", 2)
            with pytest.raises(StorageUnavailable, match="object store of the snapshots"):
                snapshotting.take_snapshot(name="model")
            assert any("object store" in each for each in health.check_ready())
            seen = snapshot_objects.figures()
            assert seen is not None
            assert seen.failure
            assert seen.n_failures == 1
            # Who asks again at once is told at once.
            with pytest.raises(StorageUnavailable):
                snapshotting.take_snapshot(name="model")
            assert object_store.writing.n_failures == 1
            assert kept.learn_from("model", True, x=1.0) > 4
        assert store.objects() == named()

    def test_is_over_once_the_store_is_back(
        self, kept: Instance, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(object_store, "AWAY_SECONDS", 0.0)
        with store.away():
            Keeper().tick()
            assert any("object store" in each for each in health.check_ready())

        Keeper().tick()

        assert not any("object store" in each for each in health.check_ready())
        kept.run("model", 1)
        snapshotting.take_snapshot(name="model")
        assert store.objects() == named()

    def test_no_model_is_uploaded_that_would_be_nowhere(self, kept: Instance, store: Store) -> None:
        with store.away(), pytest.raises(StorageUnavailable):
            kept.upload("another")

        assert not ServedModel.objects.filter(name="another").exists()
        assert Configuration.objects.count() == 1
