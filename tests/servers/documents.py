"""The OpenAPI document as what it promises: checks answers against it."""

import json
from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS30Validator

from models_app.api import schemas
from tests.servers.clients import Answer, Client

Schema = dict[str, Any]


class Document:
    """The document that a server gives away."""

    def __init__(self, client: Client) -> None:
        answer = client.get("/api/schema?format=json")
        assert answer.status == 200
        self.content: dict[str, Any] = answer.json
        self.check("GET", "/api/schema", answer)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield method, path as it is written there, and description of each operation."""
        for path, methods in self.content["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def check_value(self, schema: Schema, value: object) -> None:
        """Fail unless a value is as its schema says."""
        # References are looked up in the schema that is checked.
        validator = OAS30Validator({**schema, "components": self.content["components"]})
        faults = [fault.message for fault in validator.iter_errors(value)]
        assert not faults, faults

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Fail unless the answer to an operation is documented: status, headers, type and content."""
        described = self.content["paths"][path][method.lower()]["responses"]
        response = described.get(str(answer.status))
        if response is None:
            assert answer.status >= 400, f"{method} {path} does not say that it answers {answer.status}"
            response = described["default"]
        for name, header in response.get("headers", {}).items():
            self._check_header(name, header, answer)
        if "content" not in response:
            assert answer.body == b""
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in response["content"], media_type
        self._check_body(media_type, response["content"][media_type]["schema"], answer.body)

    def _check_header(self, name: str, header: dict[str, Any], answer: Answer) -> None:
        value = answer.headers.get(name.lower())
        if value is None:
            assert not header.get("required"), name
        else:
            self.check_value(header["schema"], json.loads(value) if value.isdigit() else value)

    def _check_body(self, media_type: str, schema: Schema, body: bytes) -> None:
        if schemas.ITEMS in schema:
            for line in body.splitlines():
                self.check_value(schema[schemas.ITEMS], json.loads(line))
        elif media_type.endswith("json"):
            self.check_value(schema, json.loads(body))
        else:
            assert schema["type"] == "string" or media_type.endswith(("yaml", "openapi")), schema
