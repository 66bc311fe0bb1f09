"""Who asks, and whether they may: between the guard and the views, before a body is read.

The application knows who there is; the server asks it through the two protocols here.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

from web.asgi import AnswerSoon, Application, Asked, Receive, Reply, Scope, Send
from web.needs import Need
from web.rates import Address, Limit, Meter, Rates, current_meter
from web.refusals import Refusal
from web.seats import client_of

TICKET = "ticket"
_SCHEME = b"bearer "


class Principal(Protocol):
    """Somebody who is known: `name` of `kind`, a token or a user."""

    name: str
    kind: str
    #: Rates of their own, by scope or route.
    rates: Mapping[str, Limit]
    #: What else bounds them, which is the application's own affair.
    quotas: Any

    def holds(self) -> bool:
        """Say whether what was found out still holds, and note the use."""

    def may(self, *scopes: str) -> bool:
        """Say whether they have one of the scopes."""

    @property
    def limits(self) -> str:
        """The names that they may use, in words; empty where they may use all."""

    @property
    def may_use(self) -> Callable[[str], bool]:
        """Says whether they may use what has a name."""


class Access(Protocol):
    """An application's knowledge of who there is. What is not awaited is answered from memory."""

    def of_token(self, token: bytes) -> Principal | None:
        """Return whose token it is."""

    def of_ticket(self, ticket: str) -> Principal | None:
        """Return for whom a ticket was made."""

    def of_cookies(self, cookies: bytes) -> Awaitable[Principal | None]:
        """Return who has logged in, by the header `Cookie`."""


#: Who makes the request being served; None where nobody is asked who they are, and at open routes.
current_principal: ContextVar[Principal | None] = ContextVar("principal", default=None)


class Gate:
    """Lets requests through whose sender has what their route needs, and does not ask too often."""

    def __init__(self, access: Access | None, *, log_in: str, rates: Rates) -> None:
        """`log_in` is the address of the page where people log in. Without access nobody is asked."""
        self._access = access
        self._log_in = log_in
        self._rates = rates

    async def admit(self, scope: Scope, need: Need | None, parameters: Mapping[str, Any], route: str) -> None:
        """Set `current_principal` and `current_meter` in the running task, or raise a `Refusal`.

        `parameters` are the route's. Without a need nobody is let through.
        """
        access = None if need is not None and need.is_open else self._access
        principal = None if access is None else await _find(access, scope, need)
        # In any case: a task that was begun within another's may have that one's.
        current_principal.set(principal)
        current_meter.set(meter := self._meter(principal, scope, route))
        if principal is not None:
            check(principal, need, parameters, scope.get("query_string", b""))
        elif access is not None:
            raise self._unknown(scope, need)
        if meter is not None and need is not None and not need.has_records:
            _count(meter, need)

    def short_way(
        self, scope: Scope, need: Need | None, answer_soon: AnswerSoon, route: str
    ) -> AnswerSoon | None:
        """Return how a body is answered soon for as long as who sends it may; None: they have to be asked.

        What is returned may be kept as long as the connection: it looks again each time.
        """
        if self._access is None:
            meter = self._meter(None, scope, route)
            if meter is None:
                return answer_soon
            # Whom a proxy speaks for is read on the ordinary way alone.
            is_forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
            return None if is_forwarded else partial(_answer_counted, meter, answer_soon)
        principal = _of_headers(self._access, scope["headers"])[0]
        if principal is None or need is None or not principal.may(*need.scopes):
            return None
        meter = self._meter(principal, scope, route)
        if meter is not None:
            answer_soon = partial(_answer_counted, meter, answer_soon)
        return partial(_answer_soon, principal, answer_soon)

    def around(self, application: Application, need: Need, route: str) -> Application:
        """Return an application that is reached by who has what is needed."""

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await self.admit(scope, need, {}, route)
            except Refusal as refusal:
                await refusal.send(scope, send)
            else:
                await application(scope, receive, send)

        return served

    def _meter(self, principal: Principal | None, scope: Scope, route: str) -> Meter | None:
        if principal is None:
            return self._rates.meter(Address(client_of(scope)), route, {})
        return self._rates.meter(principal, route, principal.rates)

    def _unknown(self, scope: Scope, need: Need | None) -> Refusal:
        if need is None or not need.is_page:
            return unauthenticated()
        return Refusal(
            302,
            "unauthenticated",
            "Log in first.",
            {"Location": f"{self._log_in}?next={quote(scope['path'])}"},
        )


async def _find(access: Access, scope: Scope, need: Need | None) -> Principal | None:
    principal, is_given = _of_headers(access, scope["headers"])
    if is_given:
        return principal
    if need is not None and need.takes_ticket:
        tickets = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(TICKET)
        if tickets:
            return access.of_ticket(tickets[0])
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return await access.of_cookies(cookies) if cookies else None


def _of_headers(access: Access, headers: Any) -> tuple[Principal | None, bool]:
    """Return whose token the headers have, and whether they have any; two of them are nobody's."""
    given: bytes | None = None
    for name, value in headers:
        if name == b"authorization" and value[: len(_SCHEME)].lower() == _SCHEME:
            if given is not None:
                return None, True
            given = value
    if given is None:
        return None, False
    return access.of_token(given[len(_SCHEME) :].strip()), True


def _answer_soon(principal: Principal, answer_soon: AnswerSoon, body: bytes, reply: Reply) -> Asked | None:
    if not principal.holds():
        return None
    token = current_principal.set(principal)
    try:
        return answer_soon(body, reply)
    finally:
        current_principal.reset(token)


def _answer_counted(meter: Meter, answer_soon: AnswerSoon, body: bytes, reply: Reply) -> Asked | None:
    token = current_meter.set(meter)
    try:
        return answer_soon(body, reply)
    finally:
        current_meter.reset(token)


def check(principal: Principal, need: Need | None, parameters: Mapping[str, Any], query: bytes) -> None:
    """Raise a `Refusal` unless they have what a route needs."""
    if need is None:
        # Nobody has said what it takes: nobody may.
        raise forbidden("This route names no scope.")
    if need.scopes and not principal.may(*need.scopes):
        raise forbidden(lacking(*need.scopes))
    if not principal.limits:
        return
    names = need.names(parameters, query)
    if names is None:
        raise forbidden(f"This is about everything, and {limited(principal)}")
    if not all(map(principal.may_use, names)):
        raise forbidden(f"This is about something else: {limited(principal)}")


def _count(meter: Meter, need: Need) -> None:
    """Raise a `Refusal` where they ask more often than they may."""
    if late := meter.use(*need.scopes):
        raise Refusal(429, "rate_limited", str(late), {"Retry-After": str(late.seconds)})


def lacking(*scopes: str) -> str:
    """Say which scope is needed.

    >>> lacking("predict", "learn")
    "This needs the scope 'predict' or 'learn'."
    """
    return f"This needs the scope {' or '.join(map(repr, scopes))}."


def limited(principal: Principal) -> str:
    """Say what a principal is limited to."""
    return f"the token is limited to {principal.limits}."


def forbidden(message: str) -> Refusal:
    """Refuse somebody who is known."""
    return Refusal(403, "forbidden", message)


def unauthenticated() -> Refusal:
    """Refuse somebody who is not known."""
    return Refusal(
        401,
        "unauthenticated",
        "A valid token is needed: Authorization: Bearer TOKEN.",
        {"WWW-Authenticate": "Bearer"},
    )


#: Says whether a stream may go on.
GoesOn = Callable[[], bool]


def goes_on() -> GoesOn:
    """Return what says whether the answer to the request being served may go on."""
    principal = current_principal.get()
    return _always if principal is None else principal.holds


def _always() -> bool:
    return True
