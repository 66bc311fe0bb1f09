"""Query parameters of an address."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from models_app.domain.errors import MAX_REASONS, InvalidRequest
from models_app.paradigms.registry import FLAVORS

F = TypeVar("F", bound=Callable[..., Any])
_QUERY = "query"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
# Names of models, mostly, in one address.
_MOST = 1_000
# In characters. No parameter's name has as many, and to compare takes time.
_LONGEST = 50


def takes(*parameters: OpenApiParameter) -> Callable[[F], F]:
    """Declare the parameters of an action: for the schema, and for `check`, which refuses all others."""

    def declare(action: F) -> F:
        declared: F = extend_schema(parameters=list(parameters))(action)
        named = {parameter.name: parameter.many for parameter in parameters if parameter.location == _QUERY}
        declared.parameters = named  # type: ignore[attr-defined]
        return declared

    return declare


def take_only(view: F, *names: str) -> F:
    """Declare the parameters of a view that is not ours to describe, by name."""
    view.parameters = dict.fromkeys(names, False)  # type: ignore[attr-defined]
    return view


def declared(view: Any, method: str) -> Mapping[str, bool] | None:
    """Return the names of the parameters that a view takes for a method, and whether each may come often.

    None: any may come, as to a page.
    """
    actions: Mapping[str, str] | None = getattr(view, "actions", None)
    if actions is None:
        return getattr(view, "parameters", None)
    action = actions.get("get" if method == "HEAD" else method.lower())
    return getattr(getattr(view.cls, action), "parameters", {}) if action else None


def check(query: bytes, known: Mapping[str, bool] | None) -> None:
    """Refuse parameters that are not `declared`, and those that come twice where one is taken.

    Raises `InvalidRequest`, with the nearest names that are taken.
    """
    if known is None:
        return
    try:
        given = parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError as error:
        raise InvalidRequest(f"The parameters in the address cannot be read: {error}.") from None
    names = [name for name, _ in given]
    # Of many no more are explained than are listed.
    unknown = dict(
        islice(((name, _unknown(name, known)) for name in names if name not in known), MAX_REASONS)
    )
    twice = {
        name: ["given more than once"] for name, many in known.items() if not many and names.count(name) > 1
    }
    if unknown or twice:
        raise InvalidRequest({**unknown, **twice})


def _unknown(name: str, known: Iterable[str]) -> list[str]:
    near = get_close_matches(name[:_LONGEST], known, n=1)
    return ["unknown parameter", *(f"is it {meant!r}?" for meant in near)]


#: For figures over all models.
FLAVOR = OpenApiParameter(
    "flavor",
    str,
    enum=list(FLAVORS),
    description="over all models of this flavor; of the instance's without it",
)


def model_or_flavor(request: Request) -> tuple[str | None, str | None]:
    """Return what `model` and `flavor` name, at most one of them; raises `InvalidRequest`."""
    model, flavor = request.query_params.get("model"), request.query_params.get("flavor")
    if model is not None and flavor is not None:
        raise InvalidRequest({"flavor": ["not with 'model', which has one"]})
    return model, flavor


def flag(request: Request, name: str) -> bool:
    """Return a parameter that is `true` or `false` (or 1 or 0), the latter without it.

    Raises `InvalidRequest`.
    """
    value = request.query_params.get(name, "false")
    if value not in _FLAGS:
        raise InvalidRequest({name: ["must be 'true' or 'false'"]})
    return _FLAGS[value]


def one_of(request: Request, name: str, options: Sequence[str]) -> str:
    """Return a parameter that is one of some words, the first without it; raises `InvalidRequest`."""
    value = request.query_params.get(name, options[0])
    if value not in options:
        raise InvalidRequest({name: [f"must be {' or '.join(map(repr, options))}"]})
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A parameter that is a whole number from 1 on: the schema says of it what is held to."""

    name: str
    highest: int
    #: Where it is not given.
    default: int
    description: str

    @property
    def described(self) -> OpenApiParameter:
        """Return it as the schema has it."""
        schema = {"type": "integer", "minimum": 1, "maximum": self.highest}
        return OpenApiParameter(self.name, schema, description=self.description)

    def of(self, request: Request) -> int:
        """Return what a request has; raises `InvalidRequest`."""
        text = request.query_params.get(self.name)
        if text is None:
            return self.default
        # More digits than that are out of every range, and slow to read.
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
        if not 1 <= value <= self.highest:
            raise InvalidRequest({self.name: [f"must be a whole number from 1 to {self.highest:,}"]})
        return value


def moment(request: Request, name: str) -> datetime | None:
    """Return a time, given as ISO 8601 or in seconds since the epoch; raises `InvalidRequest`.

    Without a time zone it is in UTC. None: it is not given.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    found = _from_seconds(text)
    if found is None:
        found = _from_iso(text)
    if found is None:
        raise InvalidRequest({name: ["must be a time: ISO 8601, or seconds since the epoch"]})
    return found


def _from_seconds(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_iso(text: str) -> datetime | None:
    try:
        # In an address a plus sign is a space.
        found = parse_datetime(text.replace(" ", "+"))
        if found is None or found.tzinfo is None:
            return found and found.replace(tzinfo=UTC)
        # Beyond the first and the last year there is no time in UTC.
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
