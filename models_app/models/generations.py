"""Generations: what a model's journal began with, and begins with again."""

from django.db import models

from models_app.models.served import ServedModel


class Generation(models.Model):
    """A generation of a model begins with an upload, a rollback to a snapshot, or a forgetting.

    `seq` is that of its first snapshot: 0, or that of the snapshot of generation `from_generation` that was
    gone back to. A forgetting takes the records out of that generation's journal, and goes on with what the
    rest of it leads to. Its rows stay when a later upload discards its journal: charts mark them.
    """

    UPLOAD = "upload"
    ROLLBACK = "rollback"
    FORGET = "forget"

    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="generations", db_index=False)
    generation = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=[(UPLOAD, UPLOAD), (ROLLBACK, ROLLBACK), (FORGET, FORGET)])
    seq = models.BigIntegerField()
    from_generation = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField()

    class Meta:
        indexes = (
            # For `changed_since`, which monitoring asks every few seconds.
            models.Index(fields=["started_at"], name="generations_started_at"),
        )
        constraints = (
            # Also how charts and replays read a model's generations.
            models.UniqueConstraint(fields=["model", "generation"], name="one_row_a_generation"),
            models.CheckConstraint(
                condition=models.Q(kind="upload", seq=0, from_generation=None)
                | models.Q(
                    kind__in=["rollback", "forget"],
                    seq__gte=0,
                    from_generation__isnull=False,
                    from_generation__lt=models.F("generation"),
                ),
                name="generation_has_an_origin",
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} from {self.seq}"
