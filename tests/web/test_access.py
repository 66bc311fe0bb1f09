"""The gate, with people that it is told of."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from access.principals import Principal
from web.access import Gate, current_principal, goes_on
from web.asgi import Asked, Message, Reply, Scope
from web.needs import KNOWN, OPEN, Need, of_everything
from web.rates import Rates
from web.refusals import Refusal


class People:
    """Somebody for a token, a ticket and a cookie each."""

    def __init__(self, scopes: Collection[str] = ("read",), patterns: list[str] | None = None) -> None:
        self.somebody = Principal("somebody", scopes=scopes, patterns=patterns or [])

    def of_token(self, token: bytes) -> Principal | None:
        return self.somebody if token == b"token" and self.somebody.holds() else None

    def of_ticket(self, ticket: str) -> Principal | None:
        return self.somebody if ticket == "ticket" else None

    async def of_cookies(self, cookies: bytes) -> Principal | None:
        return self.somebody if cookies == b"a=1; session=yes" else None


TOKEN = (b"authorization", b"Bearer token")
READ = Need(scopes=("read",))
FREE = Rates({})


def admitted(
    people: People,
    *headers: tuple[bytes, bytes],
    need: Need | None = READ,
    query: bytes = b"",
    parameters: dict[str, Any] | None = None,
) -> Any:
    """Return who is admitted; raises the refusal."""

    async def admit() -> Any:
        scope: Scope = {"path": "/x", "headers": list(headers), "query_string": query}
        await Gate(people, log_in="/login/", rates=FREE).admit(scope, need, parameters or {}, "/x")
        return current_principal.get()

    return asyncio.run(admit())


def refused(people: People, *headers: tuple[bytes, bytes], **options: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        admitted(people, *headers, **options)
    return refusal.value


class TestAdmit:
    @pytest.mark.parametrize("value", [b"Bearer token", b"bearer token", b"BEARER   token "])
    def test_finds_whose_token_it_is(self, value: bytes) -> None:
        people = People()

        assert admitted(people, (b"authorization", value)) is people.somebody

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(b"authorization", b"Bearer wrong")],
            [(b"authorization", b"Bearer")],
            [(b"authorization", b"Bearertoken")],
            [(b"authorization", b"Basic token")],
            [(b"authorization", b"token")],
            [TOKEN, TOKEN],
            [TOKEN, (b"authorization", b"bearer wrong")],
            # Who shows a token that is none is not let in by a cookie.
            [(b"authorization", b"Bearer wrong"), (b"cookie", b"a=1; session=yes")],
            [(b"cookie", b"session=no")],
        ],
    )
    @pytest.mark.parametrize("need", [READ, KNOWN, None])
    def test_refuses_who_is_not_known(self, headers: list[tuple[bytes, bytes]], need: Need | None) -> None:
        refusal = refused(People(), *headers, need=need)

        assert (refusal.status, refusal.code) == (401, "unauthenticated")
        assert refusal.headers == {"WWW-Authenticate": "Bearer"}

    def test_finds_who_has_logged_in(self) -> None:
        people = People()

        # A proxy in front may have a log-in of its own.
        for more in ([], [(b"authorization", b"Basic eDp5")]):
            assert (
                admitted(people, (b"cookie", b"a=1"), (b"cookie", b"session=yes"), *more) is people.somebody
            )

    def test_takes_tickets_where_they_are_taken(self) -> None:
        people = People()
        stream = Need(scopes=("read",), takes_ticket=True)

        assert admitted(people, need=stream, query=b"x=1&ticket=ticket") is people.somebody
        assert refused(people, need=stream, query=b"ticket=wrong").status == 401
        assert refused(people, need=READ, query=b"ticket=ticket").status == 401

    def test_names_the_scope_that_is_missing(self) -> None:
        refusal = refused(People(["predict"]), TOKEN, need=Need(scopes=("learn", "read")))

        assert (refusal.status, refusal.code) == (403, "forbidden")
        assert refusal.message == "This needs the scope 'learn' or 'read'."

    def test_lets_nobody_to_what_names_no_need(self) -> None:
        assert refused(People(["predict", "learn", "read", "manage"]), TOKEN, need=None).status == 403

    def test_lets_everybody_to_what_is_open(self) -> None:
        assert admitted(People(), need=OPEN) is None

    def test_sends_who_wants_a_page_to_the_log_in(self) -> None:
        refusal = refused(People(), need=Need(scopes=("read",), is_page=True))

        assert (refusal.status, refusal.headers) == (302, {"Location": "/login/?next=/x"})

    def test_forgets_whom_the_task_before_it_was_for(self) -> None:
        async def admit() -> Any:
            current_principal.set(Principal("other", scopes=["manage"]))
            try:
                await Gate(People(), log_in="/", rates=FREE).admit(
                    {"path": "/", "headers": []}, READ, {}, "/"
                )
            except Refusal:
                return current_principal.get()

        assert asyncio.run(admit()) is None

    def test_holds_to_the_names_that_somebody_is_limited_to(self) -> None:
        people = People(patterns=["a*"])
        named = Need(scopes=("read",), names=lambda parameters, _: [parameters["name"]])

        assert admitted(people, TOKEN, need=named, parameters={"name": "a1"}) is people.somebody
        assert refused(people, TOKEN, need=named, parameters={"name": "b1"}).code == "forbidden"
        assert refused(people, TOKEN, need=Need(scopes=("read",), names=of_everything)).code == "forbidden"


class TestShortWay:
    def ask(self, people: People, *headers: tuple[bytes, bytes], need: Need | None = READ) -> Any:
        def answer_soon(body: bytes, _reply: Reply) -> Asked | None:
            seen.append((body, current_principal.get()))
            return None

        seen: list[Any] = []
        scope: Scope = {"path": "/x", "headers": list(headers)}
        return Gate(people, log_in="/", rates=FREE).short_way(scope, need, answer_soon, "/x"), seen

    def test_is_for_who_may(self) -> None:
        people = People()

        answer_soon, seen = self.ask(people, TOKEN)

        answer_soon(b"body", None)
        assert seen == [(b"body", people.somebody)]
        assert current_principal.get() is None

    def test_is_for_nobody_else(self) -> None:
        assert self.ask(People())[0] is None
        assert self.ask(People(), (b"cookie", b"a=1; session=yes"))[0] is None
        assert self.ask(People(), TOKEN, TOKEN)[0] is None
        assert self.ask(People(["predict"]), TOKEN)[0] is None
        assert self.ask(People(), TOKEN, need=None)[0] is None

    def test_ends_with_the_token(self) -> None:
        people = People()
        answer_soon, seen = self.ask(people, TOKEN)

        people.somebody.end()

        assert answer_soon(b"body", None) is None
        assert seen == []


class TestAround:
    def test_answers_a_handshake_with_the_refusal(self) -> None:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def application(*_: Any) -> None:
            raise AssertionError("it was reached")

        served = Gate(People(), log_in="/", rates=FREE).around(application, READ, "/")
        scope = {
            "type": "websocket",
            "path": "/",
            "headers": [],
            "extensions": {"websocket.http.response": {}},
        }
        asyncio.run(served(scope, None, send))  # type: ignore[arg-type]

        assert sent[0]["status"] == 401


def test_streams_go_on_as_long_as_their_token() -> None:
    assert goes_on()()
    somebody = Principal("a", scopes=["read"])
    token = current_principal.set(somebody)
    try:
        may_go_on = goes_on()
        assert may_go_on()
        somebody.end()
        assert not may_go_on()
    finally:
        current_principal.reset(token)
