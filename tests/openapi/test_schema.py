"""The OpenAPI document: valid, complete, without a warning. What it promises is tried in `tests.servers`."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from models_app.api import describing
from models_app.domain import errors

Document = dict[str, dict[str, Any]]
ROOT = Path(describing.__file__).parents[2]


def subclasses(kind: type[errors.ChantillyError]) -> set[type[errors.ChantillyError]]:
    own = set(kind.__subclasses__())
    return own.union(*map(subclasses, own))


def strings(value: object) -> set[str]:
    """Return all texts of a document, but its keys."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return {value} if isinstance(value, str) else set()


# What no request asks for.
OF_COMMANDS = {errors.SnapshotNotFound.code, errors.NotReplayable.code}


@pytest.fixture(scope="module")
def document() -> Document:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    loaded: Document = yaml.safe_load(out.getvalue())
    return loaded


class TestSchema:
    def test_is_valid(self, document: Document) -> None:
        validate(document)
        for socket in document["x-websocket"].values():
            for way in ("send", "receive"):
                OAS30Validator.check_schema(socket[way]["schema"])

    def test_has_every_route_of_the_contract(self, document: Document) -> None:
        assert {
            "/api/init", "/api/model", "/api/model/{name}", "/api/models", "/api/predict", "/api/learn",
            "/api/stream", "/api/metrics", "/api/metrics/history", "/api/alerts", "/api/alerts/{alert_id}",
            "/api/alerts/{alert_id}/acknowledge", "/api/model/{name}/mutes", "/api/stats",
            "/api/model/{name}/estimates", "/api/model/{name}/contract", "/api/model/{name}/settings",
            "/api/model/{name}/forget", "/api/model/{name}/snapshots", "/api/model/{name}/rollback",
            "/api/model/{name}/default", "/api/model/{name}/release", "/api/model/{name}/notes",
            "/api/model/{name}/records",
            "/api/labels", "/api/audit",
            "/api/stream/metrics", "/api/stream/events", "/api/stream/live", "/api/schema",
            "/api/ticket",
            "/healthz", "/readyz", "/metrics",
        } == set(document["paths"])  # fmt: skip
        assert set(document["x-websocket"]) == {"/ws/stream"}

    def test_refers_to_nothing_that_is_not_there(self, document: Document) -> None:
        def references(value: object) -> set[str]:
            if isinstance(value, dict):
                own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
                return own.union(*map(references, value.values()))
            return set().union(*map(references, value)) if isinstance(value, list) else set()

        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

        assert references(document) == known

    def test_says_of_each_refusal_how_it_is_called(self, document: Document) -> None:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                assert "default" in operation["responses"]
                for status, response in operation["responses"].items():
                    if status >= "400":
                        header = response["headers"]["Error-Code"]
                        assert header["required"], (method, path)
                        assert header["schema"]["enum"], (method, path)

    def test_knows_every_code(self, document: Document) -> None:
        written = {
            code
            for folder in ("models_app", "monitoring", "chantilly_project", "web")
            for path in (ROOT / folder).rglob("*.py")
            for code in re.findall(r'efus(?:al|e)\([^"()]*\d{3}, "(\w+)"', path.read_text())
        }
        assert {"body_too_large", "request_timeout", "bad_handshake"} <= written
        # Tests have some of their own.
        kinds = [kind for kind in subclasses(errors.ChantillyError) if kind.__module__.startswith("models_")]
        raised = {kind.code for kind in kinds} - OF_COMMANDS

        assert written | raised <= strings(document)


class TestCodesByStatus:
    def test_are_those_of_the_table(self) -> None:
        codes = describing.codes_by_status([errors.ModelBusy, errors.NoFeatures, errors.ModelNotFound])

        assert {status: sorted(names) for status, names in codes.items()} == {
            400: ["bad_request", "no_features"],
            404: ["model_not_found"],
            503: ["model_busy", "too_many_connections"],
        }
        assert codes[404]["model_not_found"] == "No model has this name."
