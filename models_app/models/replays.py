"""Replays: what a generation has learned again of what an earlier one had learned."""

from django.db import models

from models_app.models.served import ServedModel


class Replay(models.Model):
    """`generation` has learned again what `from_generation` had learned, up to its learn `seq`.

    The row moves in the transaction that writes the learns, from the seq that it had: what is replayed is
    learned once, whatever is killed meanwhile and whoever replays as well.
    """

    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="replays", db_index=False)
    generation = models.PositiveIntegerField()
    from_generation = models.PositiveIntegerField()
    seq = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["model", "generation", "from_generation"], name="one_replay_a_generation"
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} has {self.from_generation} up to {self.seq}"
