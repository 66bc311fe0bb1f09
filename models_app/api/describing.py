"""Operations in the OpenAPI document beside their bodies: how they are refused, by which codes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from models_app.api import request_bodies, schemas, socket_schema
from models_app.api.exceptions import STATUS_BY_ERROR
from models_app.domain import errors
from models_app.domain.errors import ChantillyError
from models_app.wire.schema import COMPONENTS

F = TypeVar("F", bound=Callable[..., Any])
Document = dict[str, Any]

_HEADER = "Error-Code"
# Of every route.
_ALWAYS = (errors.InvalidRequest, errors.ServerStopping, errors.StorageUnavailable)
_UNREADABLE = "bad_request"
# By the server itself, in place of an application's answer.
_TOO_MANY = "too_many_connections"
# Whatever the operation, by what stands before it: the connection, the guard, the handler.
_ELSEWHERE = (
    "authentication_failed",
    "body_too_large",
    "coding_not_supported",
    "cross_site_request",
    "headers_too_large",
    "host_not_allowed",
    "http_version_not_supported",
    "internal_error",
    "method_not_allowed",
    "not_acceptable",
    "not_authenticated",
    "not_found",
    "permission_denied",
    "request_timeout",
    "throttled",
    "url_too_long",
)


def operation(
    *,
    refusals: Sequence[type[ChantillyError]] = (),
    responses: Mapping[Any, Any],
    statuses: Mapping[type[ChantillyError], int] = STATUS_BY_ERROR,
    **described: Any,
) -> Callable[[F], F]:
    """Describe an action: `refusals` beside those of every route, by `statuses` (400 where none is said).

    A response in `responses` with a refusal's status is its body where that is not an error's.
    """
    codes = codes_by_status((*_ALWAYS, *refusals), statuses)
    refused = {status: OpenApiResponse(schemas.ERROR, _listed(codes[status])) for status in codes}
    return extend_schema(
        **described,
        responses={**refused, **responses, "default": OpenApiResponse(schemas.ERROR, "Any other refusal.")},
        parameters=[
            *(_code_header(status, sorted(codes[status])) for status in codes),
            _code_header("default", sorted(_ELSEWHERE)),
            OpenApiParameter(
                "Retry-After", int, "header", response=[503], description="Seconds, where it passes soon."
            ),
        ],
    )


def codes_by_status(
    refusals: Sequence[type[ChantillyError]], statuses: Mapping[type[ChantillyError], int] = STATUS_BY_ERROR
) -> dict[int, dict[str, str]]:
    """Return the codes of refusals by status, each with what it says."""
    found: dict[int, dict[str, str]] = {
        400: {_UNREADABLE: "The request cannot be read."},
        503: {_TOO_MANY: "As many connections are open as the settings allow."},
    }
    for kind in refusals:
        said = str(kind.__doc__).partition("\n")[0]
        found.setdefault(statuses.get(kind, 400), {})[kind.code] = said
    return found


def complete(result: Document, generator: Any, request: Any, public: bool) -> Document:  # noqa: ARG001  # a hook
    """Add to the document what views have not: shared schemas, the WebSockets; drf-spectacular's hook."""
    known = result.setdefault("components", {}).setdefault("schemas", {})
    known.update(COMPONENTS)
    for item in result["paths"].values():
        for described in item.values():
            described["responses"].setdefault("default", _REFUSED)
            for parameter in described.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["example"] = request_bodies.MODEL
    result["x-websocket"] = socket_schema.SOCKETS
    return result


# Of routes that are not described by `operation`.
_REFUSED = {
    "description": "Refused.",
    "headers": {
        _HEADER: {
            "required": True,
            "description": "Names the error.",
            "schema": {
                "type": "string",
                "enum": sorted({_UNREADABLE, _TOO_MANY, *_ELSEWHERE, *(kind.code for kind in _ALWAYS)}),
            },
        }
    },
    "content": {"application/json": {"schema": schemas.ERROR}},
}


def _listed(codes: Mapping[str, str]) -> str:
    return "\n".join(f"- `{code}`: {said}" for code, said in sorted(codes.items()))


def _code_header(status: int | str, codes: list[str]) -> OpenApiParameter:
    return OpenApiParameter(
        _HEADER, str, "header", response=[status], required=True, enum=codes, description="Names the error."
    )
