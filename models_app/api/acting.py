"""Who manages something by the API, for the audit trail."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from models_app.domain import actors
from models_app.domain.actors import Actor
from models_app.domain.quotas import UNLIMITED
from web.access import current_principal

F = TypeVar("F", bound=Callable[..., Any])


def by_sender(action: F) -> F:
    """Return an action, an ordinary function, that is done by whoever has sent the request."""

    @functools.wraps(action)
    def run(view: object, request: Any, *args: Any, **kwargs: Any) -> Any:
        principal = current_principal.get()
        name = actors.ANYBODY if principal is None else f"{principal.kind} '{principal.name}'"
        quotas = UNLIMITED if principal is None else principal.quotas
        sender = Actor(name, str(request.META.get("REMOTE_ADDR") or ""), quotas)
        with actors.acting(lambda: sender):
            return action(view, request, *args, **kwargs)

    return cast("F", run)
