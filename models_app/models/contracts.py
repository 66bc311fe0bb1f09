"""Feature contracts: what models are asked with, and what they were asked with."""

from django.db import models

from models_app.models.served import ServedModel


class FeatureContract(models.Model):
    """The feature contract of a model, as JSON Schema; None: too little was seen.

    `is_frozen`: it was frozen or uploaded, and stays, whatever is seen. `is_strict`: whether it is held to;
    None: as the setting has it. `revision` grows with each change of any row.
    """

    model = models.OneToOneField(ServedModel, models.CASCADE, related_name="+")
    # Unique also for who follows changes: they ask for what is newer.
    revision = models.BigIntegerField(unique=True, editable=False)
    is_strict = models.BooleanField("strict", null=True)
    is_frozen = models.BooleanField("frozen", default=False)
    schema = models.JSONField(null=True, editable=False)

    class Meta:
        verbose_name = "feature contract"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(is_frozen=False) | models.Q(schema__isnull=False),
                name="frozen_is_a_contract",
            ),
        )

    def __str__(self) -> str:
        return f"features of {self.model_id}"


class FeaturesSeen(models.Model):
    """What was seen of a model's features, up to learn `seq` of a generation; `seen` is JSON.

    Of predictions that await their ground truth: up to those of `predicted_at`, in seconds since the epoch.
    """

    model = models.OneToOneField(ServedModel, models.CASCADE, related_name="+", primary_key=True)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField()
    predicted_at = models.FloatField(default=0.0)
    seen = models.TextField()
    # For figures, which are not to read the rest.
    breaches: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"
