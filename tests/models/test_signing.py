"""Signatures: bytes that were moved to another row, or changed, are not unpickled."""

import pytest

from models_app.domain.errors import ModelNotLoadable
from models_app.journal.positions import Position
from models_app.models import Configuration, FlavorMetrics, JournalSegment, ServedModel, Snapshot
from models_app.models.signing import read_snapshot
from models_app.paradigms.binary import BINARY
from models_app.services import folding, runtime, snapshotting
from models_app.services.folding import InstanceMetrics
from tests.services.instances import Instance, instance

__all__ = ["instance"]


class TestSnapshot:
    def test_is_read_as_it_was_taken(self, instance: Instance) -> None:
        instance.upload("model")

        assert read_snapshot(Snapshot.objects.get()).seq == 0

    @pytest.mark.parametrize(
        "forged",
        [
            {"seq": 1},
            {"generation": 2},
            {"metrics_bytes": b"\x80\x05]\x94."},
            {"model_bytes": b"\x80\x05]\x94."},
            {"signature": ""},
        ],
    )
    def test_is_refused_where_anything_of_it_is_anothers(
        self, instance: Instance, forged: dict[str, object]
    ) -> None:
        instance.upload("model")
        snapshot = Snapshot.objects.get()
        for name, value in forged.items():
            setattr(snapshot, name, value)

        with pytest.raises(ModelNotLoadable):
            read_snapshot(snapshot)

    def test_is_refused_under_another_model(self, instance: Instance) -> None:
        instance.upload("model")
        instance.upload("other")
        snapshot = Snapshot.objects.get(model__name="model")
        snapshot.model = ServedModel.objects.get(name="other")

        with pytest.raises(ModelNotLoadable):
            read_snapshot(snapshot)


class TestMetricsOverAllModels:
    @pytest.mark.parametrize(
        "forged",
        [
            {"metrics_bytes": b"\x80\x05]\x94."},
            {"metrics_signature": ""},
            {"metrics_position": "1000"},
        ],
    )
    def test_are_refused_where_they_are_not_what_was_signed(
        self, instance: Instance, forged: dict[str, object]
    ) -> None:
        instance.upload("model")
        instance.run("model", 3)
        InstanceMetrics().persist()
        FlavorMetrics.objects.update(**forged)

        with pytest.raises(ModelNotLoadable):
            InstanceMetrics().values(BINARY)


class TestStop:
    def test_leaves_nothing_to_be_done_again(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folding, "_instance", InstanceMetrics())
        instance.upload("model")
        instance.run("model", 3)
        runtime.start_engine()

        runtime.stop_engine(seconds=10)

        assert list(Snapshot.objects.order_by("seq").values_list("seq", flat=True)) == [0, 3]
        # A fold that finds the newest segment done has nothing to fold.
        assert Configuration.objects.get().metrics_position == str(_last_position())
        assert snapshotting.take_snapshot(name="model") == 3


def _last_position() -> Position:
    return max(Position.of(*row) for row in JournalSegment.objects.values_list("commit_xid", "pk"))
