"""Specifications of uploads: what the model can be built from again, under this or another version."""

from django.db import models

from models_app.models.generations import Generation


class Specification(models.Model):
    """The specification of an upload: with every parameter, and with what differs from the defaults alone.

    Without one, `reason` says why. `says_all`: what is built from it is the model, with what it had learned.
    """

    generation = models.OneToOneField(Generation, models.CASCADE, related_name="specification")
    full = models.JSONField(null=True)
    short = models.JSONField(null=True)
    says_all = models.BooleanField(default=False)
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(full__isnull=False, short__isnull=False, reason="")
                | (models.Q(full__isnull=True, short__isnull=True, says_all=False) & ~models.Q(reason="")),
                name="a_specification_or_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"specification of {self.generation_id}"
