"""Links of the OpenAPI document: which request can follow an answer, with what of it."""

from collections.abc import Mapping
from typing import Any

_NAME = "$response.body#/name"
_OF_UPLOADS = {
    "download": {
        "operationId": "download_model",
        "description": "The model as it is by then.",
        "parameters": {"path.name": _NAME},
    },
    "delete": {
        "operationId": "delete_model",
        "description": "Its pending predictions go with it.",
        "parameters": {"path.name": _NAME},
    },
    "estimate": {
        "operationId": "estimate_policy",
        "description": "Where the model is a bandit.",
        "parameters": {"path.name": _NAME},
    },
    "metrics": {
        "operationId": "metrics",
        "description": "Of the model alone.",
        "parameters": {"query.model": _NAME},
    },
    "labels": {
        "operationId": "list_labels",
        "description": "Where the model is a classifier.",
        "parameters": {"query.model": _NAME},
    },
    "predict": {
        "operationId": "predict",
        "description": "The features are the client's.",
        "requestBody": {"model": _NAME, "features": {"area": 71.5}, "id": "42"},
    },
}
#: By operation and status of its answer.
_LINKS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("upload_model", "201"): _OF_UPLOADS,
    ("upload_unnamed_model", "201"): _OF_UPLOADS,
    ("predict", "201"): {
        "learn": {
            "operationId": "learn",
            "description": "Once the ground truth is known.",
            "requestBody": {"id": "$request.body#/id", "ground_truth": 1.0},
        },
    },
}


def add(operation: dict[str, Any]) -> None:
    """Add to an operation of the document the links of its answers."""
    for status, response in operation["responses"].items():
        found = _LINKS.get((operation["operationId"], status))
        if found:
            response["links"] = dict(found)
