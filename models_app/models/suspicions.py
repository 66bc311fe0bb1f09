"""Models that were at work when a process died, and those that are not loaded any more for that."""

from django.db import models

from models_app.models.served import ServedModel


class Suspicion(models.Model):
    """A model that was at work when a shard ended, in the generation that it had.

    `blame` is its share of such ends, added up: see `domain.blame`. `how` says how the last one was. From
    `quarantined_at` on it is not loaded.
    """

    model = models.OneToOneField(ServedModel, models.CASCADE, related_name="+", primary_key=True)
    generation = models.PositiveIntegerField()
    blame = models.FloatField()
    n_ends = models.PositiveIntegerField()
    how = models.CharField(max_length=200)
    ended_at = models.DateTimeField()
    quarantined_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation}: {self.blame:g}"
