"""A name that no model has is answered with those like it, on every route that names a model."""

import json
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from models_app.api import exceptions
from models_app.domain.errors import ModelNotFound
from tests.api.clients import Answer, Client

REPORTED = "No model named 'frist'. Is it 'first'?"
PREDICT = {"features": {"x": 1.0}, "model": "frist"}
LEARN = {**PREDICT, "ground_truth": True}
#: What is taken of a model that is there.
BODIES = {"PUT": b"{}", "PATCH": b'{"features_kept": "all"}'}
QUERIES = {
    ("DELETE", "/api/model/frist/notes"): b"id=1",
    ("DELETE", "/api/model/frist/mutes"): b"kind=drift",
}


def naming() -> list[tuple[str, str, bytes]]:
    """Return method, path and query of each route that names a model, but uploads and streams of events.

    The audit trail knows models that are gone.
    """
    generator: Any = SchemaGenerator
    found: list[tuple[str, str, bytes]] = []
    for path, operations in generator().get_schema(public=True)["paths"].items():
        for method, operation in operations.items():
            parameters = [(each["in"], each["name"]) for each in operation.get("parameters", [])]
            if ("path", "name") in parameters and method != "post":
                found.append((method.upper(), path.replace("{name}", "frist"), b""))
            elif ("query", "model") in parameters and "/stream/" not in path and path != "/api/audit":
                found.append((method.upper(), path, b"model=frist"))
    return found


class TestUnknownModels:
    def test_of_routes_are_reported_with_the_nearest(self, client: Client) -> None:
        routes = naming()
        assert len(routes) >= 6
        assert ("DELETE", "/api/model/frist", b"") in routes

        for method, path, query in [*routes, ("GET", "/api/metrics", b"model=frist&rolling=true")]:
            asked = QUERIES.get((method, path), query)
            answer = client.send(method, path, BODIES.get(method, b""), query=asked)

            assert (answer.status, answer.json()) == (404, {"message": REPORTED}), (method, path)
            assert answer.headers[b"error-code"] == b"model_not_found"

    @pytest.mark.parametrize(("path", "body"), [("/api/predict", PREDICT), ("/api/learn", LEARN)])
    def test_of_bodies_are_reported_with_the_nearest(
        self, client: Client, path: str, body: dict[str, object]
    ) -> None:
        text = json.dumps(body).encode()
        short = client.post_short(path, text)
        assert isinstance(short, Answer)

        for answer in (short, client.post(path, text)):
            assert (answer.status, answer.json()) == (400, {"message": REPORTED})
        (refused,) = client.post(path, b"[" + text + b"]").json()
        assert refused == {"error": "model_not_found", "message": REPORTED}

    def test_of_streams_are_reported_with_the_nearest(self, client: Client) -> None:
        text = json.dumps(LEARN)

        (socket,) = client.exchange([text])
        line = client.post("/api/stream", text.encode()).json()

        assert socket == {"error": "model_not_found", "message": REPORTED}
        assert line == {**socket, "line": 1}

    def test_are_reported_alone_where_nothing_is_like_them(self, client: Client) -> None:
        answer = client.send("GET", "/api/model/nobody")

        assert answer.json() == {"message": "No model named 'nobody'."}


class TestMessageOf:
    def test_reveals_no_names_where_permissions_are_set(self, settings: Settings) -> None:
        error = ModelNotFound("frist", near=["first"])
        assert exceptions.message_of(error) == REPORTED

        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        }

        assert exceptions.message_of(error) == "No model named 'frist'."
