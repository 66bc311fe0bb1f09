"""The webhook that the settings name."""

from django.conf import settings

from monitoring.webhook.attempts import Target


def configured_target() -> Target | None:
    """Return where alerts are sent; None: nowhere."""
    if not settings.ALERT_WEBHOOK_URL:
        return None
    return Target(
        url=settings.ALERT_WEBHOOK_URL,
        secret=settings.ALERT_WEBHOOK_SECRET,
        allows_private=settings.ALERT_WEBHOOK_ALLOW_PRIVATE,
    )
