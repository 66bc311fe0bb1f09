"""The instance's one row, and the metrics over all its models of each flavor."""

import uuid

from django.db import models


class Configuration(models.Model):
    """The configuration of the instance; `epoch` changes with each `init`.

    `flavor` is that of models which are uploaded without one; empty: there is none. The metrics over all
    models are written down up to `metrics_position` (`journal.positions.Position`), in `FlavorMetrics`.
    """

    ONLY_ID = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    flavor = models.CharField(max_length=32, blank=True)
    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    metrics_position = models.CharField(max_length=64, default="0")
    initialized_at = models.DateTimeField()

    class Meta:
        verbose_name = "configuration"
        verbose_name_plural = "configuration"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_configuration"),)

    def __str__(self) -> str:
        return self.flavor or "no flavor"


class FlavorMetrics(models.Model):
    """The metrics over all models of a flavor: the fold of their segments in the order of the commits.

    `metrics_bytes` holds them up to `metrics_position`: what is deleted later stays counted. All rows are
    written together, so that they have one position. A flavor without a row has seen nothing up to there.
    """

    flavor = models.CharField(max_length=32, primary_key=True)
    metrics_bytes = models.BinaryField()
    metrics_signature = models.CharField(max_length=64)
    metrics_position = models.CharField(max_length=64)

    class Meta:
        verbose_name = "metrics of a flavor"
        verbose_name_plural = "metrics of flavors"

    def __str__(self) -> str:
        return self.flavor
