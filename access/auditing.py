"""Changes of users and groups in the admin, for the audit trail: they say who may do what."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry

from models_app.services import auditing

_APP = "auth"
_VERBS = {ADDITION: "add", CHANGE: "change"}


def record_change(instance: LogEntry, created: bool, **_: Any) -> None:
    """Write down what the admin has just logged, where it is about a user or a group."""
    kind = instance.content_type
    if created and kind is not None and kind.app_label == _APP:
        verb = _VERBS.get(instance.action_flag, "delete")
        auditing.record(action=f"{verb}_{kind.model}", name=instance.object_repr)
