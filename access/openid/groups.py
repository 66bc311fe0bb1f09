"""What the provider says of somebody's groups, as groups here."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User

from access.groups import SCOPES_BY_GROUP
from models_app.services import auditing


def mapped(claims: Mapping[str, Any]) -> set[str]:
    """Return the groups that somebody is in, by what the provider says; a text is a list of one."""
    said = claims.get(settings.OIDC_GROUPS_CLAIM)
    values = said if isinstance(said, list) else [said]
    ours: Mapping[str, str] = settings.OIDC_GROUPS
    return {ours[value] for value in values if isinstance(value, str) and value in ours}


def apply(user: User, claims: Mapping[str, Any]) -> None:
    """Put a person in the groups that the provider says, and take them out of the others that give scopes.

    Where no groups are mapped, people here decide, and nothing changes.
    """
    if not settings.OIDC_GROUPS:
        return
    wanted = mapped(claims)
    has = set(user.groups.filter(name__in=SCOPES_BY_GROUP).values_list("name", flat=True))
    if wanted == has:
        return
    user.groups.remove(*Group.objects.filter(name__in=has - wanted))
    user.groups.add(*Group.objects.filter(name__in=wanted - has))
    auditing.record(action="set_groups", name=user.get_username(), groups=sorted(wanted))
