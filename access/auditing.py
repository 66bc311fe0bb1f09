"""Changes of users and groups, for the audit trail: they say who may do what."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.db.models import signals

from models_app.models.transactions import write_transaction
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


@contextmanager
def recording_saves(action: str) -> Iterator[None]:
    """Have each user that is saved in a block be written down, in the transaction that saves the user.

    For Django's own commands: what they ask for takes as long as somebody takes to answer, and would hold a
    transaction around it all open.
    """
    with ExitStack() as saving:

        def begin(**_: Any) -> None:
            saving.enter_context(write_transaction())

        def end(instance: User, **_: Any) -> None:
            auditing.record(action=action, name=instance.get_username())
            saving.close()

        signals.pre_save.connect(begin, User)
        signals.post_save.connect(end, User)
        try:
            yield
        finally:
            signals.pre_save.disconnect(begin, User)
            signals.post_save.disconnect(end, User)
