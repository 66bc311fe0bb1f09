"""Changes of users and groups, for the audit trail: they say who may do what."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group, User

from models_app.services import auditing

_APP = "auth"
_VERBS = {ADDITION: "add", CHANGE: "change"}


def record_change(instance: LogEntry, created: bool, **_: Any) -> None:
    """Write down what the admin has just logged, where a user or a group was added or changed.

    Not by the row itself: that of a user changes at each log-in.
    """
    kind, verb = instance.content_type, _VERBS.get(instance.action_flag)
    if created and verb is not None and kind is not None and kind.app_label == _APP:
        auditing.record(action=f"{verb}_{kind.model}", name=instance.object_repr)


def record_deletion(sender: type[User | Group], instance: User | Group, **_: Any) -> None:
    """Write down that a user or a group is deleted; of several, the admin logs nothing that is heard."""
    auditing.record(action=f"delete_{sender._meta.model_name}", name=str(instance))
