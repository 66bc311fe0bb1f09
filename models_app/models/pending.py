"""Pending predictions: what awaits its ground truth."""

from django.db import models

from models_app.domain.names import MAX_LENGTH
from models_app.models.served import ServedModel


class PendingPrediction(models.Model):
    """A prediction with the features that it was made from, both as JSON text.

    A mapping of labels is a list of `[label, probability]`, since a label keeps its type. `token` is drawn
    anew when an id is predicted again: a learn claims the very row that it read. `is_learned`: the model has
    learned from the features, and only the ground truth may still come. `owner` is the
    token in whose quota it counts.
    """

    prediction_id = models.CharField("id", max_length=MAX_LENGTH, primary_key=True)
    model = models.ForeignKey(ServedModel, models.CASCADE, related_name="pending_predictions", db_index=False)
    token = models.BigIntegerField(editable=False)
    features = models.TextField()
    prediction = models.TextField()
    predicted_at = models.DateTimeField()
    is_learned = models.BooleanField(default=False, db_default=False, editable=False)
    owner = models.CharField(max_length=100, null=True, editable=False)  # noqa: DJ001  # most have none

    class Meta:
        verbose_name = "pending prediction"
        indexes = (
            # For `pending_by_owner`; who has no quota costs nothing in it.
            models.Index(fields=["owner"], condition=models.Q(owner__isnull=False), name="pending_of_owner"),
            # For deleting a model, for counting what it has pending, and for `prune_predictions`.
            models.Index(fields=["model", "predicted_at"], name="pending_of_model"),
        )

    def __str__(self) -> str:
        return self.prediction_id
