"""What monitoring keeps in the database."""

from django.db import models

from models_app.models import ServedModel


class CallStatistics(models.Model):
    """How many requests a route has answered since `init`, refused ones too, and how long they took."""

    route = models.CharField(max_length=16, primary_key=True)
    n_calls = models.BigIntegerField()
    # As River keeps them: from these two numbers its objects are rebuilt exactly.
    mean_ns = models.FloatField()
    ewm_ns = models.FloatField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "call statistics"
        verbose_name_plural = "call statistics"

    def __str__(self) -> str:
        return f"{self.route}: {self.n_calls} calls"


class MetricSnapshot(models.Model):
    """How a model did at a time; without a model: how all did together.

    `values` are its metrics since the upload, `rolling` those over its last learns; `level` says how long the
    row is kept.
    """

    model = models.ForeignKey(ServedModel, models.CASCADE, null=True, related_name="+", db_index=False)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField("learns")
    time = models.DateTimeField()
    n_predictions = models.BigIntegerField("predictions")
    values = models.JSONField()
    rolling = models.JSONField()
    level = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        verbose_name = "metric snapshot"
        indexes = (
            # For charts, which read a model's rows from one time to another.
            models.Index(fields=["model", "time"], name="metrics_of_model"),
            # For thinning, which deletes the oldest rows of each level.
            models.Index(fields=["level", "time"], name="metrics_to_thin"),
        )
        constraints = (
            models.UniqueConstraint(fields=["model", "generation", "seq"], name="one_sample_a_seq"),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"
