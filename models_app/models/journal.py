"""The journal: every learn, in order."""

from django.db import models

from models_app.models.served import ServedModel


class JournalSegment(models.Model):
    """The learns `first_seq` to `last_seq` of a model, as one commit wrote them.

    `learns` is a JSON list of `[id, features, prediction, ground truth, predicted at, learned at]`; times are
    seconds since the epoch.
    """

    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="segments", db_index=False)
    generation = models.PositiveIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    learns = models.TextField()
    committed_at = models.DateTimeField()

    class Meta:
        verbose_name = "journal segment"
        constraints = (
            # Also how a replay reads the journal.
            models.UniqueConstraint(fields=["model", "generation", "first_seq"], name="one_segment_a_seq"),
            models.CheckConstraint(
                condition=models.Q(last_seq__gte=models.F("first_seq"), first_seq__gte=1),
                name="segment_not_empty",
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} {self.first_seq}-{self.last_seq}"
