"""/metrics in the OpenAPI document: it is a plain view, which describes nothing."""

from typing import Any

from models_app.api import describing, needs
from monitoring.exposition.views import FORMATS


def add(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001  # a hook
    """Add the route to the document; drf-spectacular's hook."""
    result["paths"]["/metrics"] = {
        "get": {
            "operationId": "exposition",
            "summary": "Return the figures, for who collects them",
            "tags": ["metrics"],
            **describing.scopes(needs.LOOK_AT_ALL),
            "parameters": [
                {
                    "in": "query",
                    "name": "format",
                    "schema": {"type": "string", "enum": list(FORMATS), "default": FORMATS[0]},
                }
            ],
            "responses": {
                "200": {
                    "description": "Samples, one a line.",
                    "content": {
                        media_type: {"schema": {"type": "string"}}
                        for media_type in ("application/openmetrics-text", "text/plain")
                    },
                },
            },
        }
    }
    return result
