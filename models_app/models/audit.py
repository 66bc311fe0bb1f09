"""The audit trail: who did what to which model."""

from django.db import models


class AuditEntry(models.Model):
    """One act that manages something. Written with what it did, in the same transaction; never changed.

    `digest` is the SHA-256 of the bytes that came or went, in hexadecimal digits, where there were any. No
    secret and no feature's value is in `details`.
    """

    acted_at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    origin = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=40)
    #: By name: the entries outlive the model.
    model = models.CharField(max_length=255, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    details: "models.JSONField[dict[str, object], dict[str, object]]" = models.JSONField(default=dict)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = (
            # For `prune_audit`, and for a list since a time.
            models.Index(fields=["acted_at"], name="audit_acted_at"),
            # For a list of one model, the newest first.
            models.Index(fields=["model", "-id"], name="audit_model"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.model}".strip()
