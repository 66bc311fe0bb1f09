"""People log in by OpenID Connect at a real provider: with the rights that are mapped, or not at all."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from tests.access.openid import provider as providers
from tests.access.openid.provider import CLIENT_ID, CLIENT_SECRET, Provider, new_key, signer
from tests.servers.servers import Server

OTHER_KEY = new_key()


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with providers.running() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.reset()
    return running


@pytest.fixture(scope="module")
def server(template: Any, running: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(
        template,
        tmp_path_factory.mktemp("openid"),
        AUTH_REQUIRED="1",
        OIDC_ISSUER=running.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_SCOPES="openid,profile,groups",
        OIDC_GROUPS="ml-admins=owner,ml-team=operator,everybody=viewer",
    )
    made = server.manage("setup")
    assert made.returncode == 0, made.stderr
    server.start()
    yield server
    server.close()


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client


def come_back(browser: httpx.Client, *, change: Callable[[dict[str, str]], None] = lambda _: None) -> Any:
    """Go to the provider and back, with an address that may be changed on the way; return the answer."""
    to_provider = browser.get("/login/openid/")
    assert to_provider.status_code == 302, to_provider.text
    back = httpx.get(to_provider.headers["Location"]).headers["Location"]
    parts = urlsplit(back)
    query = dict(parse_qsl(parts.query))
    change(query)
    return browser.get(urlunsplit(parts._replace(query=urlencode(query))))


def log_in(browser: httpx.Client, provider: Provider, **person: Any) -> None:
    provider.person = person
    answer = come_back(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/"), answer.text


def assert_refused(browser: httpx.Client, answer: httpx.Response, reason: str, status: int = 403) -> None:
    assert (answer.status_code, reason in answer.text) == (status, True), answer.text
    assert browser.get("/api/models").status_code == 401


def rights(browser: httpx.Client) -> list[int]:
    """Return the statuses of what a viewer, an operator and an owner may do."""
    return [
        browser.get("/api/models").status_code,
        browser.post("/api/predict", json={"features": {}, "model": "none"}).status_code,
        browser.delete("/api/model/none").status_code,
    ]


NOTHING, VIEWER, OPERATOR, OWNER = [403, 403, 403], [200, 403, 403], [200, 400, 403], [200, 400, 404]


class TestLogIn:
    def test_is_offered_where_people_log_in(self, browser: httpx.Client, provider: Provider) -> None:
        assert 'href="/login/openid/?next=/model/x"' in browser.get("/login/?next=/model/x").text

    @pytest.mark.parametrize(
        ("groups", "may"),
        [
            (["ml-admins", "others"], OWNER),
            ("ml-team", OPERATOR),
            (["everybody"], VIEWER),
            (["owner"], NOTHING),
            ([{"ml-admins": 1}, 7], NOTHING),
            (None, NOTHING),
        ],
    )
    def test_gives_the_rights_that_are_mapped(
        self, browser: httpx.Client, provider: Provider, groups: Any, may: list[int]
    ) -> None:
        log_in(browser, provider, sub=f"new {groups}", preferred_username=f"new-{groups}", groups=groups)

        assert rights(browser) == may
        assert provider.scopes == ["groups", "openid", "profile"]

    def test_takes_rights_back_that_the_provider_says_no_more(
        self, server: Server, browser: httpx.Client, provider: Provider
    ) -> None:
        log_in(browser, provider, sub="7", preferred_username="ada", groups=["ml-admins"])
        assert rights(browser) == OWNER

        with httpx.Client(base_url=browser.base_url) as elsewhere:
            log_in(elsewhere, provider, sub="7", preferred_username="ada", groups=["everybody"])

            assert rights(elsewhere) == VIEWER
        log_in(browser, provider, sub="7", preferred_username="ada", groups=["ml-admins"])
        entries = browser.get("/api/audit").json()["entries"]
        set_to = [entry["details"]["groups"] for entry in entries[:3] if entry["action"] == "set_groups"]
        assert set_to == [["owner"], ["viewer"], ["owner"]]
        assert entries[3]["action"] == "add_user"
        assert {entry["actor"] for entry in entries[:4]} == {"user 'ada'"}

    def test_takes_nobody_for_somebody_who_is_here_already(
        self, server: Server, browser: httpx.Client, provider: Provider
    ) -> None:
        with httpx.Client(base_url=browser.base_url) as first:
            log_in(first, provider, sub="8", preferred_username="root", groups=["ml-admins"])

        log_in(
            browser, provider, sub="88", preferred_username="root", email="root@x.org", email_verified=True
        )

        assert rights(browser) == NOTHING
        names = server.database.rows("SELECT username FROM auth_user WHERE username LIKE 'root%' ORDER BY 1")
        assert names[0] == ("root",)
        assert len(names) == 2

    def test_is_by_what_the_provider_never_changes(
        self, server: Server, browser: httpx.Client, provider: Provider
    ) -> None:
        log_in(browser, provider, sub="9", preferred_username="before")
        log_in(browser, provider, sub="9", preferred_username="after")

        accounts = server.database.rows(
            "SELECT u.username FROM socialaccount_socialaccount a JOIN auth_user u ON u.id = a.user_id "
            "WHERE a.uid = '9'"
        )
        assert accounts == [("before",)]

    def test_leads_to_the_page_that_was_asked_for_and_nowhere_else(
        self, browser: httpx.Client, provider: Provider
    ) -> None:
        for asked, leads_to in (
            ("/alerts", "/alerts"),
            ("https://example.org/", "/"),
            ("//example.org", "/"),
        ):
            to_provider = browser.get("/login/openid/", params={"next": asked}).headers["Location"]
            back = httpx.get(to_provider).headers["Location"]

            assert browser.get(back).headers["Location"] == leads_to

    def test_keeps_what_it_needs_and_no_token(
        self, server: Server, browser: httpx.Client, provider: Provider
    ) -> None:
        log_in(browser, provider, sub="10", preferred_username="eve", email="eve@x.org", phone_number="1")

        ((kept,),) = server.database.rows(
            "SELECT extra_data FROM socialaccount_socialaccount WHERE uid = '10'"
        )
        assert json.loads(kept) == {"id_token": {"sub": "10", "preferred_username": "eve"}}
        assert server.database.rows("SELECT count(*) FROM socialaccount_socialtoken") == [(0,)]


def unsigned(claims: dict[str, Any]) -> str:
    return signer(None, algorithm="none")(claims)


class TestRefusals:
    @pytest.mark.parametrize(
        "sign",
        [
            signer(OTHER_KEY),
            signer(OTHER_KEY, key_id="key-2"),
            signer(CLIENT_SECRET.ljust(32, "."), algorithm="HS256"),
            unsigned,
            lambda claims: "no.token",
            lambda claims: signer(OTHER_KEY)(claims).rpartition(".")[0] + ".",
        ],
        ids=["other key", "unknown key", "shared secret", "unsigned", "no token", "cut off"],
    )
    def test_of_what_the_provider_has_not_signed(
        self, browser: httpx.Client, provider: Provider, sign: providers.Sign
    ) -> None:
        provider.sign = sign

        assert_refused(browser, come_back(browser), "the id token is not valid")

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"nonce": "of another log-in"}, "its nonce is not the one"),
            ({"nonce": None}, "its nonce is not the one"),
            ({"aud": "another client"}, "the id token is not valid"),
            ({"aud": [CLIENT_ID, "another client"]}, "for somebody else, too"),
            ({"azp": "another client"}, "for somebody else, too"),
            ({"iss": "https://accounts.example.org"}, "the id token is not valid"),
            ({"exp": int(time.time()) - 3600}, "the id token is not valid"),
            ({"iat": int(time.time()) + 3600}, "the id token is not valid"),
            ({"exp": None}, "the id token is not valid"),
            ({"sub": None}, "the id token is not valid"),
            ({"sub": "somebody else"}, "is of another one"),
        ],
    )
    def test_of_id_tokens_for_something_else(
        self, browser: httpx.Client, provider: Provider, claims: dict[str, Any], reason: str
    ) -> None:
        provider.claims = claims

        assert_refused(browser, come_back(browser), reason)

    @pytest.mark.parametrize("state", ["", "of another log-in"])
    def test_of_who_has_begun_no_log_in(self, browser: httpx.Client, provider: Provider, state: str) -> None:
        answer = come_back(browser, change=lambda query: query.update(state=state))

        assert_refused(browser, answer, "was not begun here")

    def test_of_another_browser_and_of_a_second_time(
        self, server: Server, browser: httpx.Client, provider: Provider
    ) -> None:
        back = httpx.get(browser.get("/login/openid/").headers["Location"]).headers["Location"]

        with httpx.Client(base_url=browser.base_url) as other:
            assert_refused(other, other.get(back), "was not begun here")

        assert browser.get(back).status_code == 302
        with httpx.Client(base_url=browser.base_url) as other:
            assert_refused(other, other.get(back), "was not begun here")
        assert "was not begun here" in browser.get(back).text

    @pytest.mark.parametrize(
        ("error", "reason"), [("access_denied", "not wanted"), ("server_error", "has let nobody in")]
    )
    def test_of_the_provider(
        self, browser: httpx.Client, provider: Provider, error: str, reason: str
    ) -> None:
        provider.error = error

        assert_refused(browser, come_back(browser), reason)

    def test_of_who_is_disabled(self, server: Server, browser: httpx.Client, provider: Provider) -> None:
        log_in(browser, provider, sub="11", preferred_username="gone", groups=["ml-admins"])
        with server.database.connect() as connection:
            connection.execute("UPDATE auth_user SET is_active = 0 WHERE username = 'gone'")

        with httpx.Client(base_url=browser.base_url) as again:
            assert_refused(again, come_back(again), "this account is disabled")

    @pytest.mark.parametrize(
        ("path", "answer", "reason"),
        [
            ("/.well-known/openid-configuration", {"issuer": "https://example.org"}, "is not OIDC_ISSUER"),
            ("/.well-known/openid-configuration", {"jwks_uri": None}, "has no jwks_uri"),
            ("/token", {"id_token": None}, "has sent no id token"),
            ("/keys", {"keys": []}, "the id token is not valid"),
        ],
    )
    def test_of_a_provider_that_is_not_as_it_should_be(
        self, browser: httpx.Client, provider: Provider, path: str, answer: dict[str, Any], reason: str
    ) -> None:
        begun = browser.get("/login/openid/").headers["Location"]
        back = httpx.get(begun).headers["Location"]
        provider.answers = {path: answer}

        assert_refused(browser, browser.get(back), reason)

    def test_of_everybody_while_it_fails(self, browser: httpx.Client, provider: Provider) -> None:
        provider.has_failed = True

        assert_refused(browser, browser.get("/login/openid/"), "try again later", 503)
