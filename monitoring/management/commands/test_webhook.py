"""`manage.py test_webhook`: send a test message, and report what came back."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from models_app.management.base import ServiceCommand
from monitoring.webhook import outbox
from monitoring.webhook.attempts import Attempt, Message, NotDelivered
from monitoring.webhook.configuring import configured_target


class Command(ServiceCommand):
    """Post to the webhook once, signed as an alert is."""

    help = "Sends a signed test message to ALERT_WEBHOOK_URL, once, and reports what came back."

    def serve(self, **_options: Any) -> None:
        """Send; raises CommandError where it did not arrive."""
        target = configured_target()
        if target is None:
            raise CommandError("ALERT_WEBHOOK_URL is not set.")
        body = outbox.message_body("test", time=datetime.now(UTC), data={})
        message = Message(message_id=outbox.new_message_id(), body=body.encode())
        try:
            reply = Attempt(target, message).run()
        except NotDelivered as error:
            raise CommandError(f"{target.url} did not take the message: {error}.") from error
        text = reply.body.decode("utf-8", "replace")
        self.stdout.write(f"{target.url} took {message.message_id}: it answered {reply.status} {text!r}.")
