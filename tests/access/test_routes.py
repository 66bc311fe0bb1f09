"""No route is without a need, however it is reached."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from models_app.api.sockets import StreamConsumer
from models_app.domain.scopes import SCOPES
from tests.access.routes import ADMIN, routes
from web.needs import KNOWN, need_of


class TestEveryRoute:
    def test_names_what_it_needs(self) -> None:
        found = list(routes())

        assert len(found) > 30
        for method, address, need in found:
            assert set(need.scopes) <= set(SCOPES)
            assert need.is_open or need.scopes or need is KNOWN, (method, address)

    def test_that_is_open_is_one_of_these(self) -> None:
        found = {address for _, address, need in routes() if need.is_open}

        assert found == {"/healthz", "/readyz", "/login/", "/logout/"}

    def test_that_asks_for_no_scope_is_one_of_these(self) -> None:
        assert {address for _, address, need in routes() if need is KNOWN} == {"/api/ticket"}

    def test_that_changes_something_asks_for_more_than_looking(self) -> None:
        for method, address, need in routes():
            if method not in {"GET", "HEAD"} and need is not KNOWN:
                assert need.scopes, (method, address)
                assert "read" not in need.scopes, (method, address)

    def test_that_takes_tickets_is_a_stream(self) -> None:
        found = {address for _, address, need in routes() if need.takes_ticket}

        assert found == {"/api/stream/metrics", "/api/stream/events", "/api/stream/live"}
        assert StreamConsumer.need.takes_ticket
        assert set(StreamConsumer.need.scopes) == {"predict", "learn"}

    def test_has_the_need_of_get_for_head_and_asks_who_it_is_for_what_it_does_not_have(self) -> None:
        view = get_resolver().resolve("/api/init").func

        assert need_of(view, "HEAD") is need_of(view, "GET")
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "x"):
            assert need_of(view, method) is KNOWN


@pytest.mark.django_db
class TestAdmin:
    def test_asks_by_itself(self, client: Client) -> None:
        """Each of its views sends who is not known to its own log-in."""
        resolver = next(
            pattern
            for pattern in get_resolver().url_patterns
            if isinstance(pattern, URLResolver) and str(pattern.pattern) == ADMIN
        )
        n_asked = 0
        for pattern in _patterns(resolver):
            if pattern.name in {"login", "logout", None}:
                continue
            arguments: dict[str, object] = {"app_label": "auth"} if pattern.name == "app_list" else {}
            arguments |= dict.fromkeys(pattern.pattern.converters, 1)
            address = reverse(f"admin:{pattern.name}", kwargs=arguments)

            answer = client.get(address)

            assert answer.status_code == 302, address
            assert answer["Location"].startswith("/admin/login/"), address
            n_asked += 1
        assert n_asked > 20


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in resolver.url_patterns:
        found += _patterns(pattern) if isinstance(pattern, URLResolver) else [pattern]
    return found


def test_tokens_are_not_asked_for_by_default() -> None:
    assert settings.AUTH_REQUIRED is False
