"""Deliveries of alerts to the webhook."""

from django.db import models


class AlertDelivery(models.Model):
    """An alert on its way to the webhook. Each attempt sends the same id and body.

    It is waiting while an attempt is to come; without one it was delivered, or else given up. It outlives the
    model that it is about.
    """

    message_id = models.CharField("message", max_length=64, unique=True)
    body = models.TextField()
    created_at = models.DateTimeField("created")
    n_attempts = models.PositiveIntegerField("attempts", default=0)
    next_attempt_at = models.DateTimeField("next attempt", null=True)
    delivered_at = models.DateTimeField("delivered", null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name = "alert delivery"
        verbose_name_plural = "alert deliveries"
        indexes = (
            # For the sender, which looks for what has been due for longest.
            models.Index(fields=["next_attempt_at"], name="deliveries_due"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(delivered_at__isnull=True) | models.Q(next_attempt_at__isnull=True),
                name="delivered_is_not_due",
            ),
        )

    def __str__(self) -> str:
        return self.message_id

    @property
    def state(self) -> str:
        """Say how it went."""
        if self.delivered_at is not None:
            return "delivered"
        return "given up" if self.next_attempt_at is None else "waiting"
