"""The OpenAPI document: valid, complete, without a warning."""

import io
from typing import Any

import pytest
import yaml
from django.core.management import call_command


def document() -> dict[str, dict[str, object]]:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    loaded: dict[str, dict[str, object]] = yaml.safe_load(out.getvalue())
    return loaded


class TestSchema:
    def test_is_valid_and_has_every_route_of_the_contract(self) -> None:
        paths = document()["paths"]

        assert {
            "/api/init", "/api/model", "/api/model/{name}", "/api/models", "/api/predict", "/api/learn",
            "/api/stream", "/api/metrics", "/api/metrics/history", "/api/alerts", "/api/stats",
            "/api/stream/metrics", "/api/stream/events", "/api/stream/live",
            "/healthz", "/readyz",
        } == set(paths)  # fmt: skip

    @pytest.mark.parametrize(
        "path", [f"/api/{name}" for name in ("init", "models", "metrics", "alerts", "stats")]
    )
    def test_says_that_answers_are_objects(self, path: str) -> None:
        operation: Any = document()["paths"][path]
        answer = operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]

        assert answer["type"] == "object"

    def test_names_each_operation_once(self) -> None:
        operations = [
            operation["operationId"]
            for path in document()["paths"].values()
            for operation in path.values()  # type: ignore[attr-defined]
        ]

        assert len(set(operations)) == len(operations)
