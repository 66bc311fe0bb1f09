"""Drift alerts: what detectors have found."""

from django.db import models


class DriftAlert(models.Model):
    """A detector saw a change, or a warning of one: learn `seq` revealed it, at `time`.

    Of the kind `contract`: a feature was not as the model's contract has it, after `value` records that were
    seen; what was wrong stands in the place of the detector.
    """

    model = models.ForeignKey("models_app.ServedModel", models.CASCADE, related_name="+", db_index=False)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField("learn")
    time = models.DateTimeField()
    kind = models.CharField(max_length=8)
    source = models.CharField(max_length=512)
    detector = models.CharField(max_length=32)
    value = models.FloatField()

    class Meta:
        verbose_name = "drift alert"
        indexes = (
            # For the newest alerts of a model, and of a kind.
            models.Index(fields=["model", "id"], name="alerts_of_model"),
            models.Index(fields=["kind", "id"], name="alerts_of_kind"),
        )
        constraints = (
            # Detectors that were set back by a crash find the same again.
            models.UniqueConstraint(
                fields=["model", "generation", "seq", "source", "kind", "detector"],
                name="one_alert_a_finding",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.source} at {self.seq}"
