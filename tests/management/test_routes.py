from io import StringIO

import pytest
from django.core.management import call_command


@pytest.fixture(scope="module")
def routes() -> dict[str, str]:
    printed = StringIO()
    call_command("routes", stdout=printed)
    rows = [line.rsplit("  ", 1) for line in printed.getvalue().splitlines()]
    found = {route: methods.strip() for methods, route in rows}
    assert len(found) == len(rows), "a route is listed twice"
    return found


class TestRoutes:
    @pytest.mark.parametrize(
        ("route", "methods"),
        [
            ("/api/init", "GET, POST"),
            ("/api/predict", "POST"),
            ("/api/learn", "POST"),
            ("/api/models", "GET"),
            ("/api/metrics", "GET"),
            ("/api/stream/events", "GET"),
            ("/", "GET"),
            ("/admin/...", "GET, POST"),
        ],
    )
    def test_lists_each_with_its_methods(self, routes: dict[str, str], route: str, methods: str) -> None:
        assert routes[route] == methods

    def test_lists_the_model_routes(self, routes: dict[str, str]) -> None:
        found = {route: methods for route, methods in routes.items() if route.startswith("/api/model/")}

        assert {route.removeprefix("/api/model/<str:name>"): methods for route, methods in found.items()} == {
            "": "GET, POST, DELETE",
            "/estimates": "GET",
            "/contract": "GET, PUT, POST",
            "/settings": "GET, PATCH",
            "/forget": "POST",
            "/snapshots": "GET, POST",
            "/rollback": "POST",
            "/default": "POST",
            "/release": "POST",
            "/notes": "GET, POST, DELETE",
            "/records": "GET",
            "/mutes": "GET, POST, DELETE",
        }
