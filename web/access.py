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
from web.rates import Rates
from web.refusals import Refusal

TICKET = "ticket"
_SCHEME = b"bearer "


class Principal(Protocol):
    """Somebody who is known: `name` of `kind`, a token or a user."""

    name: str
    kind: str

    def holds(self) -> bool:
        """Say whether what was found out still holds, and note the use."""

    def may(self, *scopes: str) -> bool:
        """Say whether they have one of the scopes."""

    @property
    def limits(self) -> str:
        """The names that they may use, in words; empty where they may use all."""

    def may_use(self, name: str) -> bool:
        """Say whether they may use what has this name."""


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
    """Lets requests through whose sender has what their route needs."""

    def __init__(self, access: Access, *, log_in: str, rates: Rates | None = None) -> None:
        """`log_in` is the address of the page where people log in; without `rates` nothing is counted."""
        self._access = access
        self._log_in = log_in
        self._rates = rates

    async def admit(self, scope: Scope, need: Need | None, parameters: Mapping[str, Any]) -> None:
        """Set `current_principal` in the running task, or raise a `Refusal`.

        `parameters` are the route's. Without a need nobody is let through.
        """
        principal = None if need is not None and need.is_open else await self._find(scope, need)
        # In any case: a task that was begun within another's may have that one's.
        current_principal.set(principal)
        if principal is not None:
            check(principal, need, parameters, scope.get("query_string", b""))
            if self._rates is not None:
                _count(self._rates, principal, need)
        elif need is None or not need.is_open:
            raise self._unknown(scope, need)

    def short_way(self, scope: Scope, need: Need | None, answer_soon: AnswerSoon) -> AnswerSoon | None:
        """Return how a body is answered soon for as long as who sends it may; None: they have to be asked.

        What is returned may be kept as long as the connection: it looks again each time.
        """
        principal = self._of_headers(scope["headers"])[0]
        if principal is None or need is None or not principal.may(*need.scopes):
            return None
        return partial(_answer_soon, principal, answer_soon)

    def around(self, application: Application, need: Need) -> Application:
        """Return an application that is reached by who has what is needed."""

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await self.admit(scope, need, {})
            except Refusal as refusal:
                await refusal.send(scope, send)
            else:
                await application(scope, receive, send)

        return served

    async def _find(self, scope: Scope, need: Need | None) -> Principal | None:
        principal, is_given = self._of_headers(scope["headers"])
        if is_given:
            return principal
        if need is not None and need.takes_ticket:
            tickets = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(TICKET)
            if tickets:
                return self._access.of_ticket(tickets[0])
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        return await self._access.of_cookies(cookies) if cookies else None

    def _of_headers(self, headers: Any) -> tuple[Principal | None, bool]:
        """Return whose token the headers have, and whether they have any; two of them are nobody's."""
        given: bytes | None = None
        for name, value in headers:
            if name == b"authorization" and value[: len(_SCHEME)].lower() == _SCHEME:
                if given is not None:
                    return None, True
                given = value
        if given is None:
            return None, False
        return self._access.of_token(given[len(_SCHEME) :].strip()), True

    def _unknown(self, scope: Scope, need: Need | None) -> Refusal:
        if need is None or not need.is_page:
            return unauthenticated()
        return Refusal(
            302,
            "unauthenticated",
            "Log in first.",
            {"Location": f"{self._log_in}?next={quote(scope['path'])}"},
        )


def _answer_soon(principal: Principal, answer_soon: AnswerSoon, body: bytes, reply: Reply) -> Asked | None:
    if not principal.holds():
        return None
    token = current_principal.set(principal)
    try:
        return answer_soon(body, reply)
    finally:
        current_principal.reset(token)


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


def _count(rates: Rates, principal: Principal, need: Need | None) -> None:
    """Raise a `Refusal` where they ask more often than they may."""
    if need is None or need.has_records:
        return
    for scope in need.scopes:
        if seconds := rates.wait(principal, scope):
            raise Refusal(429, "rate_limited", too_often(scope, seconds), {"Retry-After": str(seconds)})


def too_often(scope: str, seconds: int) -> str:
    """Say that somebody asks more often than they may.

    >>> too_often("manage", 6)
    "This is asked too often under the scope 'manage': try again after 6 s (see RATE_LIMITS)."
    """
    return (
        f"This is asked too often under the scope '{scope}': try again after {seconds} s (see RATE_LIMITS)."
    )


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
