"""Notes: what somebody has written into the charts of a model."""

from django.db import models

from models_app.domain.names import MAX_NOTE_LENGTH


class Note(models.Model):
    """A text that the charts of a model have at a time. They stay with later uploads under the name."""

    model = models.ForeignKey("models_app.ServedModel", models.CASCADE, related_name="+", db_index=False)
    time = models.DateTimeField()
    text = models.CharField(max_length=MAX_NOTE_LENGTH)
    author = models.CharField(max_length=200)

    class Meta:
        indexes = (
            # For charts, which read a model's notes from one time to another.
            models.Index(fields=["model", "time"], name="notes_of_model"),
        )

    def __str__(self) -> str:
        return self.text
