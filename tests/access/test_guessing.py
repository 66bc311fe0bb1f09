"""Whoever guesses passwords has a few tries."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

PASSWORD = "a long enough secret 7"
PAGES = ["/login/", "/admin/login/"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ada(settings: Any) -> User:
    settings.AXES_FAILURE_LIMIT = 3
    cache.clear()
    return User.objects.create_superuser("ada", password=PASSWORD)


def try_to_log_in(page: str, password: str, *, address: str = "192.0.2.1", name: str = "ada") -> Any:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(page, form)


@pytest.mark.parametrize("page", PAGES)
class TestGuessing:
    def test_ends_for_that_name_from_that_address(self, page: str) -> None:
        tries = [try_to_log_in(page, f"guess {number}").status_code for number in range(3)]

        assert tries == [200, 200, 429]
        refused = try_to_log_in(page, PASSWORD)
        assert (refused.status_code, refused["Retry-After"]) == (429, "900")
        assert "Try again in 15 minutes." in refused.content.decode()
        assert try_to_log_in(page, PASSWORD, address="192.0.2.2").status_code == 302
        User.objects.create_superuser("bob", password=PASSWORD)
        assert try_to_log_in(page, PASSWORD, name="bob").status_code == 302

    def test_ends_on_both_pages(self, page: str) -> None:
        for number in range(3):
            try_to_log_in(page, f"guess {number}")

        assert [try_to_log_in(other, PASSWORD).status_code for other in PAGES] == [429, 429]

    def test_is_forgotten_when_the_right_one_is_given(self, page: str) -> None:
        for _ in range(2):
            for number in range(2):
                assert try_to_log_in(page, f"guess {number}").status_code == 200
            assert try_to_log_in(page, PASSWORD).status_code == 302
