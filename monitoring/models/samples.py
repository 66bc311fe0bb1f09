"""Metrics over time."""

from django.db import models


class MetricSnapshot(models.Model):
    """Metrics of a model at a time; without a model: over all models of a flavor.

    `values` are its metrics since the upload, `rolling` those over its last learns; `level` says how long the
    row is kept.
    """

    model = models.ForeignKey(
        "models_app.ServedModel", models.CASCADE, null=True, related_name="+", db_index=False
    )
    # Empty for a model, which has its own.
    flavor = models.CharField(max_length=32, default="", blank=True)
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
            # For charts of a flavor's, and for the sampler, which looks for the newest.
            models.Index(
                fields=["flavor", "time"], condition=models.Q(model=None), name="metrics_over_models"
            ),
            # For thinning, which deletes the oldest rows of each level.
            models.Index(fields=["level", "time"], name="metrics_to_thin"),
        )
        constraints = (
            models.UniqueConstraint(fields=["model", "generation", "seq"], name="one_sample_a_seq"),
        )

    def __str__(self) -> str:
        return f"{self.flavor or self.model_id}.{self.generation} at {self.seq}"
