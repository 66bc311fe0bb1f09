"""Query parameters of an address."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from models_app.api import queries
from models_app.domain.errors import MAX_REASONS, InvalidRequest
from tests.api.clients import Client


def request(**parameters: str) -> Request:
    return Request(APIRequestFactory().get("/", parameters))


class TestCheck:
    def test_takes_what_is_known(self) -> None:
        queries.check(b"", {})
        queries.check(b"model=m&x=1&x=2&y=", {"model": False, "rolling": False, "x": True, "y": False})

    def test_takes_anything_where_nothing_is_declared(self) -> None:
        queries.check(b"utm_source=x&\xff", None)

    def test_refuses_all_else_by_name(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            queries.check(b"modle=m&model=m&x=1&model=n", {"model": False, "before": False})

        assert refusal.value.message == {
            "modle": ["unknown parameter", "is it 'model'?"],
            "x": ["unknown parameter"],
            "model": ["given more than once"],
        }

    def test_explains_no_more_than_is_listed(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            queries.check(b"&".join(b"model%d=" % number for number in range(1_000)), {"model": False})

        assert len(refusal.value.message) == MAX_REASONS

    @pytest.mark.parametrize(
        "query", [b"\xff=1", b"model=%ff", b"model=%ed%a0%80", b"&".join([b"model="] * 2_000)]
    )
    def test_refuses_what_cannot_be_read(self, query: bytes) -> None:
        with pytest.raises(InvalidRequest, match="cannot be read"):
            queries.check(query, {"model": False})

    @given(st.binary(max_size=30))
    def test_takes_or_refuses_any_bytes(self, query: bytes) -> None:
        try:
            queries.check(query, {"model": False})
        except InvalidRequest as refusal:
            msgspec.json.encode(refusal.message)


def operations() -> list[tuple[str, str, dict[str, bool]]]:
    """Return method and path of each operation of the schema, with its parameters: are they lists?"""
    generator: Any = SchemaGenerator
    document = generator().get_schema(public=True)
    return [
        (
            method.upper(),
            path.replace("{name}", "first"),
            {
                parameter["name"]: parameter["schema"].get("type") == "array"
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "query"
            },
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def walked(patterns: Sequence[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield the address of each route of the resolver, with its view."""
    for pattern in patterns:
        path = prefix + re.sub(r"<str:name>", "first", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            # The admin has parameters of its own, and refuses those that it does not know.
            if pattern.app_name != "admin":
                yield from walked(pattern.url_patterns, path)
        else:
            yield path, pattern.callback


ROUTES = dict(walked(get_resolver().url_patterns))
# Of pages, whose addresses people pass on with what others have added to them.
PAGES = {
    "/",
    "/models/first/",
    "/models/first/diagnostics/",
    "/models/first/estimates/",
    "/models/first/labels/",
    "/models/first/pipeline/",
    "/models/first/records/",
    "/alerts/",
    "/compare/",
    "/login/",
    "/logout/",
    "/api/docs",
    "/docs/",
    "/docs/<path:path>",
}


class TestRoutes:
    def test_refuse_any_that_they_do_not_know(self, client: Client) -> None:
        assert len(ROUTES) > 20
        for path in ROUTES.keys() - PAGES:
            methods = [method.upper() for method in getattr(ROUTES[path], "actions", ["get"])]
            for method in [*methods, *(["HEAD"] if "GET" in methods else [])]:
                for end in "", "/":
                    answer = client.send(method, path + end, query=b"zzz=1&zzz=2")

                    assert answer.status == 400, (method, path)
                    assert answer.headers[b"error-code"] == b"invalid_request"
                    assert answer.json() == {"message": {"zzz": ["unknown parameter"]}}

    def test_name_the_nearest(self, client: Client) -> None:
        for path, query, meant in [
            ("/api/metrics", b"modle=x", "model"),
            ("/api/alerts", b"limits=1", "limit"),
            ("/api/stream/events", b"last_event_id=1", "lastEventId"),
            ("/metrics", b"Format=influx", "format"),
            ("/api/schema", b"formats=json", "format"),
        ]:
            (reasons,) = client.send("GET", path, query=query).json()["message"].values()

            assert reasons == ["unknown parameter", f"is it '{meant}'?"]

    def test_take_those_of_conventions(self, client: Client) -> None:
        for path, query in [("/metrics", b"format=influx"), ("/api/schema", b"format=json")]:
            assert client.send("GET", path, query=query).status == 200

    def test_refuse_a_second_value_where_they_take_one(self, client: Client) -> None:
        taken = [
            (method, path, name, many) for method, path, names in operations() for name, many in names.items()
        ]
        assert len(taken) > 10

        for method, path, name, many in taken:
            if not many:
                answer = client.send(method, path, query=f"{name}=1&{name}=2".encode())

                assert answer.json() == {"message": {name: ["given more than once"]}}, (method, path)

    def test_take_what_the_schema_names(self, client: Client) -> None:
        for method, path, names in operations():
            if "/stream/" not in path:
                for name in names:
                    answer = client.send(method, path, query=f"{name}=1".encode())

                    assert b"unknown parameter" not in answer.body, (method, path, name)

    def test_that_are_pages_take_any(self) -> None:
        for path in PAGES:
            assert queries.declared(ROUTES[path], "GET") is None


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("0", datetime(1970, 1, 1, tzinfo=UTC)),
            ("1.5", datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)),
            ("2025-01-31T12:00:00", datetime(2025, 1, 31, 12, tzinfo=UTC)),
            ("2025-01-31T12:00:00+02:00", datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("2025-01-31T12:00:00 02:00", datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_is_in_utc(self, text: str, moment: datetime) -> None:
        found = queries.moment(request(since=text), "since")

        assert found is not None
        assert (found, found.utcoffset()) == (moment, moment.utcoffset())

    def test_is_none_where_none_is_given(self) -> None:
        assert queries.moment(request(), "since") is None

    @pytest.mark.parametrize(
        "text",
        [
            "0001-01-01T00:00:00+23:00",
            "9999-12-31T23:59:59-23:00",
            "2025-02-30T00:00:00",
            "yesterday",
            "nan",
            "inf",
            "1e300",
            "",
        ],
    )
    def test_refuses_what_is_no_time_in_utc(self, text: str) -> None:
        with pytest.raises(InvalidRequest, match="since"):
            queries.moment(request(since=text), "since")
