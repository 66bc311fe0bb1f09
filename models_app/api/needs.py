"""The needs of the routes about models, and what each record needs."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings

from models_app.domain.errors import ChantillyError, Forbidden, QuotaExceeded, RateLimited, Unauthenticated
from models_app.domain.quotas import Allowance
from models_app.domain.scopes import LEARN, MANAGE, PREDICT, READ
from models_app.engine.commands import Command, Predict
from models_app.services.policies import OF_MODEL, POLICY
from models_app.wire.reading import Asked
from web.access import Principal, current_principal, lacking, limited
from web.needs import Need, of_everything
from web.rates import current_meter

_MODEL = "model"


def _in_address(parameters: Mapping[str, Any], _query: bytes) -> list[str] | None:
    """Return the model in the address; None: there is none, and whatever is drawn may be meant."""
    return [parameters["name"]] if parameters.get("name") is not None else None


def _in_address_or_policy(parameters: Mapping[str, Any], query: bytes) -> list[str]:
    """Return the model in the address, and the one whose policy the query names."""
    given = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
    policies = [value for name, value in given if name == POLICY and value.startswith(OF_MODEL)]
    return [parameters["name"], *(policy.removeprefix(OF_MODEL) for policy in policies)]


def _in_query(_parameters: Mapping[str, Any], query: bytes) -> list[str] | None:
    """Return the models that the query names; None: it names none, and means all."""
    named = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
    return [value for name, value in named if name == _MODEL] or None


#: To look at what is of no model, or of all that the one who asks may use.
LOOK = Need(scopes=(READ,))
#: The same of a page in a browser.
LOOK_AT_PAGE = Need(scopes=(READ,), is_page=True)
#: To look at all models.
LOOK_AT_ALL = Need(scopes=(READ,), names=of_everything)
#: To look at the model in the address, or at those in the query: at all where that names none.
LOOK_AT_ONE = Need(scopes=(READ,), names=_in_address)
LOOK_AT_POLICY = Need(scopes=(READ,), names=_in_address_or_policy)
LOOK_AT_NAMED = Need(scopes=(READ,), names=_in_query)
#: The same, by who cannot set headers.
FOLLOW_ALL = Need(scopes=(READ,), names=of_everything, takes_ticket=True)
FOLLOW_NAMED = Need(scopes=(READ,), names=_in_query, takes_ticket=True)
#: The body says which model; see `admit`.
ASK = Need(scopes=(PREDICT,), has_records=True)
TEACH = Need(scopes=(LEARN,), has_records=True)
SEND_RECORDS = Need(scopes=(PREDICT, LEARN), has_records=True)
SEND_RECORDS_BY_SOCKET = Need(scopes=(PREDICT, LEARN), takes_ticket=True, has_records=True)
MANAGE_ONE = Need(scopes=(MANAGE,), names=_in_address)
#: The default model, whichever that is; see `bind`.
MANAGE_DEFAULT = Need(scopes=(MANAGE,))
#: What is of a model that only the view finds; see `check_may_use`.
LOOK_AT_FOUND = Need(scopes=(READ,))
MANAGE_FOUND = Need(scopes=(MANAGE,))
MANAGE_ALL = Need(scopes=(MANAGE,), names=of_everything)


def who() -> Principal | None:
    """Return who makes the request being served; None: nobody is asked. Raises `Unauthenticated`."""
    principal = current_principal.get()
    if principal is None:
        if settings.AUTH_REQUIRED:
            # Whatever has led here: they did not pass the gate.
            raise Unauthenticated
    elif not principal.holds():
        raise Unauthenticated
    return principal


def admit(command: Asked, principal: Principal | None) -> None:
    """Raise `Forbidden` unless they may ask this; of a model that only the engine finds, it asks again.

    Raises `RateLimited` where they ask too often: each record is counted. Raises `QuotaExceeded` where it is
    to be kept, and they have as many pending as they may.
    """
    scope = PREDICT if isinstance(command, Predict) else LEARN
    if principal is not None:
        if not principal.may(scope):
            raise Forbidden(lacking(scope))
        _bind(command, principal)
    if (meter := current_meter.get()) is not None and (late := meter.use(scope)) is not None:
        raise RateLimited(str(late), late.seconds)
    if principal is not None and isinstance(command, Predict) and command.prediction_id is not None:
        # At last: what is refused otherwise takes nothing of it.
        allowance: Allowance | None = principal.quotas.allowance
        command.lease = None if allowance is None else allowance.take()


def all_may() -> bool:
    """Say whether records need not be admitted one by one: nobody is asked, and nothing counted."""
    return current_principal.get() is None and current_meter.get() is None


def refusal_of(command: Asked, principal: Principal | None) -> ChantillyError | None:
    """Return why they may not ask this; None: they may."""
    try:
        admit(command, principal)
    except (Forbidden, QuotaExceeded, RateLimited) as error:
        return error
    return None


def bind(command: Command) -> None:
    """Have a command refused by every model that who asks may not use; raises `Forbidden`."""
    principal = who()
    if principal is not None:
        _bind(command, principal)


def check_may_use(name: str) -> None:
    """Raise `Forbidden` where who asks may not use a model that was found."""
    principal = who()
    if principal is not None and not principal.may_use(name):
        raise Forbidden(f"This is about another model: {limited(principal)}")


def may_see() -> Callable[[str], bool]:
    """Return what says of a model's name whether who asks may see it."""
    principal = who()
    return _everything if principal is None else principal.may_use


def may_manage(name: str) -> bool:
    """Say whether who asks may manage a model: for what a page offers."""
    principal = who()
    return principal is None or (principal.may(MANAGE) and principal.may_use(name))


def may_manage_some() -> bool:
    """Say whether who asks may manage models, all or some: for what a page offers."""
    principal = who()
    return principal is None or principal.may(MANAGE)


def _everything(_name: str) -> bool:
    return True


def _bind(command: Command, principal: Principal) -> None:
    if not principal.limits:
        return
    if command.name is not None and not principal.may_use(command.name):
        raise Forbidden(f"This is about another model: {limited(principal)}")
    command.permits = principal.may_use
