"""The instance's one row: its flavor, and the metrics over all models."""

import uuid

from django.db import models


class Configuration(models.Model):
    """The configuration of the instance.

    The metrics over all models are the fold of all segments in the order of their commits. `metrics_bytes`
    holds them up to `metrics_position` (`journal.positions.Position`): what is deleted later stays counted.
    `epoch` changes with each `init`.
    """

    ONLY_ID = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    flavor = models.CharField(max_length=32)
    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    metrics_bytes = models.BinaryField()
    metrics_signature = models.CharField(max_length=64)
    metrics_position = models.CharField(max_length=64, default="0")
    initialized_at = models.DateTimeField()

    class Meta:
        verbose_name = "configuration"
        verbose_name_plural = "configuration"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_configuration"),)

    def __str__(self) -> str:
        return self.flavor
