"""Drift states: how far a model's detectors are."""

from django.db import models


class DriftState(models.Model):
    """A model's detectors as they were after learn `seq`, pickled and signed."""

    model = models.OneToOneField("models_app.ServedModel", models.CASCADE, related_name="+", primary_key=True)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField()
    watch_bytes = models.BinaryField()
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"
