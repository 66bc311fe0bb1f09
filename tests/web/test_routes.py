import pytest

from web.routes import SOCKET, route_of


@pytest.mark.parametrize("address", ["/api/model/NAME", "/api/model/other/", "/api/model/x"])
def test_an_address_stands_for_its_route(address: str) -> None:
    assert route_of(address) == "/api/model/<str:name>"


def test_streams_of_all_kinds_have_routes() -> None:
    assert [route_of(address) for address in ("/api/stream", "/api/stream/events", "/metrics", SOCKET)] == [
        "/api/stream", "/api/stream/events", "/metrics", SOCKET,
    ]  # fmt: skip


@pytest.mark.parametrize("address", ["/", "/api", "/api/nothing", "/model/x", "/login/", "/admin/", "/docs/"])
def test_pages_and_what_is_not_there_have_none(address: str) -> None:
    assert route_of(address) is None
