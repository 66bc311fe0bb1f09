import sqlite3
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from models_app.domain.errors import StorageUnavailable
from models_app.models import AuditEntry, PendingPrediction, ServedModel
from models_app.services import pruning
from tests.services.instances import Instance

DAY = 86_400.0


def pending_ids() -> set[str]:
    return set(PendingPrediction.objects.values_list("prediction_id", flat=True))


def fill(name: str, n: int, predicted_at: datetime) -> None:
    model = ServedModel.objects.get(name=name)
    PendingPrediction.objects.bulk_create(
        PendingPrediction(
            prediction_id=f"{name}-{i}",
            model=model,
            token=i,
            features="{}",
            prediction="null",
            predicted_at=predicted_at,
        )
        for i in range(n)
    )


class TestPrunePredictions:
    @pytest.mark.sqlite
    def test_is_in_the_trail_with_as_many_as_are_gone(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("model")
        old = timezone.now() - timedelta(days=2)
        fill("model", 6, old)
        monkeypatch.setattr(pruning, "_AT_A_TIME", 2)
        monkeypatch.setattr(pruning, "_PAUSE_SECONDS", 0.0)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TRIGGER refused BEFORE DELETE ON models_app_pendingprediction "
                "WHEN old.prediction_id = 'model-5' BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        try:
            with pytest.raises(StorageUnavailable):
                pruning.prune_predictions(before=timezone.now())
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER refused")

        (entry,) = AuditEntry.objects.filter(action=pruning.DISCARD)
        assert (entry.details["n"], PendingPrediction.objects.count()) == (4, 2)

    def test_deletes_what_is_older_of_every_model(self, instance: Instance) -> None:
        now = time.time()
        for name in ("one", "two"):
            instance.upload(name)
            instance.predict(f"{name}-old", name, at=now - 31 * DAY)
            instance.predict(f"{name}-new", name, at=now - 29 * DAY)

        n_deleted = pruning.prune_predictions(before=datetime.fromtimestamp(now - 30 * DAY, UTC))

        assert n_deleted == 2
        assert pending_ids() == {"one-new", "two-new"}

    def test_leaves_nothing_to_learn_from(self, instance: Instance) -> None:
        instance.upload("model")
        instance.predict("gone", "model", at=time.time() - DAY)
        instance.predict("kept", "model")

        pruning.prune_predictions(before=timezone.now() - timedelta(hours=1))

        with pytest.raises(Exception, match="No information stored for ID 'gone'"):
            instance.learn("gone", ground_truth=True)
        assert instance.learn("kept", ground_truth=True) == 1

    def test_takes_more_than_one_piece(self, instance: Instance) -> None:
        instance.upload("model")
        fill("model", 2 * pruning._AT_A_TIME + 1, timezone.now() - timedelta(days=2))
        instance.predict("new", "model")

        n_deleted = pruning.prune_predictions(before=timezone.now() - timedelta(days=1))

        assert n_deleted == 2 * pruning._AT_A_TIME + 1
        assert pending_ids() == {"new"}

    @pytest.mark.sqlite
    def test_lets_others_write_between_the_pieces(self, instance: Instance) -> None:
        instance.upload("model")
        fill("model", 5 * pruning._AT_A_TIME, timezone.now() - timedelta(days=2))
        path = connection.settings_dict["NAME"]
        written = []

        def write() -> None:
            with sqlite3.connect(path, timeout=60, isolation_level=None) as other:
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:
                    n_left = other.execute("SELECT count(*) FROM models_app_pendingprediction").fetchone()[0]
                    other.execute("BEGIN IMMEDIATE")
                    other.execute("UPDATE models_app_configuration SET flavor = flavor")
                    other.execute("COMMIT")
                    written.append(n_left)
                    if n_left == 0:
                        return

        writer = threading.Thread(target=write)
        writer.start()
        pruning.prune_predictions(before=timezone.now() - timedelta(days=1))
        writer.join()

        assert written[-1] == 0
        assert any(0 < n_left < 5 * pruning._AT_A_TIME for n_left in written)

    @pytest.mark.sqlite
    def test_finds_the_old_by_an_index(self, instance: Instance) -> None:
        instance.upload("model")
        model = ServedModel.objects.get()
        old = PendingPrediction.objects.filter(model_id=model.pk, predicted_at__lt=timezone.now())

        plan = old.order_by("predicted_at").values("pk")[:10].explain()

        assert "USING INDEX pending_of_model" in plan
        assert "TEMP B-TREE" not in plan

    @pytest.mark.sqlite
    def test_is_refused_where_another_holds_the_lock(self, instance: Instance) -> None:
        instance.upload("model")
        instance.predict("old", "model", at=time.time() - DAY)
        path = connection.settings_dict["NAME"]
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")

        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailable):
                pruning.prune_predictions(before=timezone.now())
            other.execute("ROLLBACK")
        other.close()

        assert pending_ids() == {"old"}


class TestDiscardPredictions:
    @pytest.mark.parametrize(
        ("chosen", "left"),
        [(Q(prediction_id="a"), {"b", "c"}), (Q(prediction_id__in=["a", "b"]), {"c"}), (Q(), {"c"})],
    )
    def test_deletes_the_chosen_but_not_those_made_later(
        self, instance: Instance, chosen: Q, left: Iterable[str]
    ) -> None:
        now = time.time()
        instance.upload("model")
        instance.predict("a", "model", at=now - 20)
        instance.predict("b", "model", at=now - 10)
        instance.predict("c", "model", at=now + 10)

        pruning.discard_predictions(
            predictions=PendingPrediction.objects.filter(chosen), until=datetime.fromtimestamp(now, UTC)
        )

        assert pending_ids() == set(left)
