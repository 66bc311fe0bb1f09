"""Snapshots: a model's bytes, and its metrics', at a seq."""

from typing import Self

from django.db import models, transaction

from models_app.models.objects import MAX_URL, discard
from models_app.models.served import ServedModel


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    """Snapshots."""

    def without_bytes(self) -> Self:
        """Leave the blobs in the database: a list of snapshots must not read gigabytes."""
        return self.defer("model_bytes", "metrics_bytes", "object_url")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them, and write down which objects are to go with them; within one transaction."""
        with transaction.atomic():
            urls = list(self.exclude(object_url="").values_list("object_url", flat=True))
            discard(urls)
            return super().delete()

    # As Django's own: not to be had from a manager, nor from a template.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Snapshot(models.Model):
    """A model as it was after learn `seq` of its generation.

    `model_bytes` is a pickle as zstd, `metrics_bytes` a pickle; `signature` is over both and over which
    model, generation and seq they belong to. With an `object_url`, the model's bytes are there instead.
    `size_bytes` is that of the pickle, not compressed; `metric_values` has the metrics without unpickling
    them.
    """

    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="snapshots", db_index=False)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField()
    signature = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField("size")
    sha256 = models.CharField("SHA-256", max_length=64)
    river_version = models.CharField("River", max_length=32)
    python_version = models.CharField("Python", max_length=32)
    numpy_version = models.CharField("numpy", max_length=32)
    metric_values = models.JSONField("metrics", default=dict)
    taken_at = models.DateTimeField()
    # Last in the row: SQLite walks through what stands before a column to reach it.
    metrics_bytes = models.BinaryField()
    model_bytes = models.BinaryField()
    object_url = models.CharField("object", max_length=MAX_URL, default="", db_default="", editable=False)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        indexes = (
            # For the sweep of the object store, which asks which of a thousand objects are a snapshot's.
            models.Index(
                fields=["object_url"], name="snapshots_in_objects", condition=~models.Q(object_url="")
            ),
        )
        constraints = (
            # Also how recovery finds the newest snapshot.
            models.UniqueConstraint(fields=["model", "generation", "seq"], name="one_snapshot_a_seq"),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"
