"""Operations in the OpenAPI document beside their bodies: how they are refused, by which codes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from models_app.api import links, request_bodies, schemas, socket_schema
from models_app.api.acting import by_sender
from models_app.api.exceptions import STATUS_BY_ERROR
from models_app.domain import errors
from models_app.domain.errors import ChantillyError
from models_app.domain.scopes import MANAGE, SCOPES
from models_app.wire.schema import COMPONENTS
from web.access import TICKET
from web.needs import Need, needing

F = TypeVar("F", bound=Callable[..., Any])
Document = dict[str, Any]

_HEADER = "Error-Code"
_SCOPES = "x-scopes"
_TOKEN, _SESSION = "token", "session"
#: The ways to say who asks, where `AUTH_REQUIRED` is on.
SECURITY_SCHEMES: Document = {
    _TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": f"Made by `create_token`. Scopes: {', '.join(SCOPES)}; one of those in a route's "
        f"`{_SCOPES}` is needed.",
    },
    _SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "Of who has logged in.",
    },
    TICKET: {
        "type": "apiKey",
        "in": "query",
        "name": TICKET,
        "description": "From `/api/ticket`, for clients that cannot set headers.",
    },
}
# Of every route.
_ALWAYS = (errors.InvalidRequest, errors.ServerStopping, errors.ShardUnavailable, errors.StorageUnavailable)
_UNREADABLE = "bad_request"
# By the server itself, in place of an application's answer.
_TOO_MANY = "too_many_connections"
# Whatever the operation, by what stands before it: the connection, the guard, the handler.
_ELSEWHERE = (
    "authentication_failed",
    "body_too_large",
    "coding_not_supported",
    "cross_site_request",
    "forbidden",
    "headers_too_large",
    "host_not_allowed",
    "http_version_not_supported",
    "internal_error",
    "method_not_allowed",
    "not_acceptable",
    "not_authenticated",
    "not_found",
    "permission_denied",
    "rate_limited",
    "request_timeout",
    "throttled",
    "unauthenticated",
    "url_too_long",
)
# Of these, by statuses that an operation may have refusals of its own with.
_ELSEWHERE_BY_STATUS = {403: ("cross_site_request", "forbidden", "host_not_allowed", "permission_denied")}


def operation(
    *,
    need: Need,
    refusals: Sequence[type[ChantillyError]] = (),
    responses: Mapping[Any, Any],
    statuses: Mapping[type[ChantillyError], int] = STATUS_BY_ERROR,
    **described: Any,
) -> Callable[[F], F]:
    """Describe an action: `refusals` beside those of every route, by `statuses` (400 where none is said).

    `need` is what it takes to get there, and is declared with it, so that no action is without.
    A response in `responses` with a refusal's status is its body where that is not an error's.
    """
    codes = codes_by_status((*_ALWAYS, *refusals), statuses)
    refused = {status: OpenApiResponse(schemas.ERROR, _listed(codes[status])) for status in codes}
    describe = extend_schema(
        **described,
        # Objects, as the document has them: its annotation knows names only.
        auth=cast("Any", security(need)),
        extensions={_SCOPES: list(need.scopes)},
        responses={**refused, **responses, "default": OpenApiResponse(schemas.ERROR, "Any other refusal.")},
        parameters=[
            *(
                _code_header(status, sorted({*codes[status], *_ELSEWHERE_BY_STATUS.get(status, ())}))
                for status in codes
            ),
            _code_header("default", sorted(_ELSEWHERE)),
            OpenApiParameter(
                "Retry-After",
                int,
                "header",
                response=[503, "default"],
                description="Seconds, where it passes soon.",
            ),
        ],
    )
    manages = MANAGE in need.scopes
    return lambda action: needing(need)(describe(by_sender(action) if manages else action))


def security(need: Need) -> list[dict[str, list[str]]]:
    """Return how somebody who may use a route says who they are, as OpenAPI has it: by one of these."""
    if need.is_open:
        return [{}]
    return [{name: []} for name in (_TOKEN, _SESSION, *([TICKET] if need.takes_ticket else ()))]


def scopes(need: Need) -> dict[str, Any]:
    """Return both of a route that is not described by `operation`."""
    return {"security": security(need), _SCOPES: list(need.scopes)}


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
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(COMPONENTS)
    components.setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
    for item in result["paths"].values():
        for described in item.values():
            described["responses"].setdefault("default", _REFUSED)
            for parameter in described.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["example"] = request_bodies.MODEL
            links.add(described)
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
