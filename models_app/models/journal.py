"""The journal: every learn, in order."""

from django.db import models

from models_app.models.served import ServedModel


class JournalSegment(models.Model):
    """The learns `first_seq` to `last_seq` of a model, as one commit wrote them.

    `learns` is a JSON list of `[id, features, prediction, ground truth, predicted at, learned at]`; times are
    seconds since the epoch. `commit_xid` numbers the transaction that wrote it, in a database with several
    writers: there, ids are given before the commits.
    """

    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="segments", db_index=False)
    generation = models.PositiveIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    learns = models.TextField()
    committed_at = models.DateTimeField()
    commit_xid = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = "journal segment"
        indexes = (
            # For followers of all models, where there are several writers; elsewhere it has no rows.
            models.Index(
                fields=["commit_xid", "id"],
                condition=models.Q(commit_xid__isnull=False),
                name="segment_by_commit",
            ),
        )
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
