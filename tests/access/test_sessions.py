"""Who has logged in may do what their groups say, for as long as they are logged in."""

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test import Client

from access import sessions
from models_app.domain.scopes import SCOPES

PASSWORD = "a long enough secret 7"
GROUPS = {
    "viewer": {"read"},
    "operator": {"predict", "learn", "read"},
    "owner": set(SCOPES),
}

pytestmark = pytest.mark.django_db(transaction=True)


def somebody(*names: str) -> User:
    user = User.objects.create_user("ada", password=PASSWORD)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in names])
    return user


def test_the_page_to_log_in_offers_no_provider_where_none_is_configured(client: Client) -> None:
    page = client.get("/login/")

    assert page.status_code == 200
    assert "OpenID" not in page.content.decode()
    assert client.get("/login/openid/").status_code == 404


class TestOfUser:
    @pytest.mark.parametrize("name", GROUPS)
    def test_has_the_scopes_of_the_group_and_no_others(self, name: str) -> None:
        principal = sessions.of_user(somebody(name))

        assert principal is not None
        assert {scope for scope in SCOPES if principal.may(scope)} == GROUPS[name]
        assert (principal.kind, principal.name) == ("user", "ada")

    def test_has_the_scopes_of_all_groups_together(self) -> None:
        principal = sessions.of_user(somebody("viewer", "operator"))

        assert principal is not None
        assert principal.scopes == GROUPS["operator"]

    def test_may_nothing_by_a_group_of_another_name(self) -> None:
        principal = sessions.of_user(somebody("Owner"))

        assert principal is not None
        assert not principal.scopes

    def test_is_nobody_without_a_user_or_one_who_is_active(self) -> None:
        user = somebody("owner")
        user.is_active = False

        assert sessions.of_user(user) is None
        assert sessions.of_user(AnonymousUser()) is None


class TestLoad:
    def test_finds_who_has_logged_in_until_they_log_out(self) -> None:
        somebody("viewer")
        browser = Client()
        answer = browser.post("/login/", {"username": "ada", "password": PASSWORD})
        key = browser.cookies[settings.SESSION_COOKIE_NAME].value

        found = sessions.load(key)
        browser.post("/logout/")

        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert found is not None
        assert found.scopes == {"read"}
        assert sessions.load(key) is None
        assert sessions.load("nobody's") is None
