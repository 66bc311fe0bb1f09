import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from access import tokens
from access.models import ApiToken

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/access/apitoken/"
FORM = {
    "name": "sensor",
    "scopes": ["predict", "learn"],
    "models": "pump-*\nvalve",
    "rates": "10/m\npredict=5/s",
    "max_models": "3",
    "max_bytes": "",
    "max_pending": "1000",
    "expires_at_0": "",
    "expires_at_1": "",
}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("admin", password="x"))
    return client


class TestAdding:
    def test_shows_the_token_once(self, admin: Client) -> None:
        page = admin.post(f"{LIST}add/", FORM).content.decode()

        found = re.search(r"<pre>(chantilly_\S+)</pre>", page)
        assert found is not None
        (token,) = ApiToken.objects.all()
        assert token.digest == tokens.digest_of(found[1].encode()).hex()
        assert (token.scopes, token.patterns) == (["predict", "learn"], ["pump-*", "valve"])
        assert token.rates == ["10/m", "predict=5/s"]
        assert (token.max_models, token.max_bytes, token.max_pending) == (3, None, 1000)
        for path in (LIST, f"{LIST}{token.pk}/change/", "/admin/"):
            assert found[1] not in admin.get(path).content.decode()

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"name": " x"}, "must be 1 to 100 characters"),
            ({"scopes": []}, "This field is required"),
            ({"models": "a\n\nb"}, "must be names of models"),
            ({"rates": "5 a second"}, "no rate; write N/PERIOD"),
            ({"max_models": "0"}, "must be a whole number from 1"),
            ({"expires_at_0": "2001-01-01", "expires_at_1": "0:00"}, "must be in the future"),
        ],
    )
    def test_shows_what_is_refused(self, admin: Client, changes: dict[str, object], reason: str) -> None:
        page = admin.post(f"{LIST}add/", FORM | changes).content.decode()

        assert reason in page
        assert not ApiToken.objects.exists()

    def test_is_for_who_may(self, client: Client) -> None:
        client.force_login(User.objects.create_user("someone", password="x", is_staff=True))

        assert client.post(f"{LIST}add/", FORM).status_code == 403
        assert client.get(LIST).status_code == 403
        assert not ApiToken.objects.exists()


class TestList:
    def test_revokes(self, admin: Client) -> None:
        tokens.create_token(name="sensor", scopes=["read"], now=timezone.now())
        token = ApiToken.objects.get()

        answer = admin.post(LIST, {"action": "revoke", "_selected_action": [token.pk]}, follow=True)

        assert "&#x27;sensor&#x27; is revoked." in answer.content.decode()
        assert tokens.list_tokens() == []

    def test_changes_nothing_else(self, admin: Client) -> None:
        tokens.create_token(name="sensor", scopes=["read"], now=timezone.now())
        token = ApiToken.objects.get()

        assert admin.post(f"{LIST}{token.pk}/change/", FORM).status_code == 403
        assert admin.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
        assert ApiToken.objects.filter(name="sensor", scopes=["read"]).exists()
