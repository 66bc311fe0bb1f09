"""Walks of schemathesis through a server's schema: examples, edges, what is made up, sequences by links."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.checks import negative_data_rejection

from models_app.api import schemas

LINES = "application/x-ndjson"
CONNECTION_SECONDS = 20
# Of schemathesis; not `positive_data_acceptance`: a schema does not say which models are there, or fit.
TAKEN = (
    "allow_header_conformance",
    "content_type_conformance",
    "not_a_server_error",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
)
OURS = ("invalid_is_refused", "lines_are_documented", "scopes_are_needed")


@dataclass(frozen=True)
class Caller:
    """Whose requests they are: the scopes of their token; None: they have none."""

    scopes: Sequence[str] | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Walk:
    """What came of a walk."""

    faults: list[str] = field(default_factory=list)
    #: Answers by operation and status.
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    def statuses(self, label: str) -> set[int]:
        """Return with which statuses an operation answered."""
        return {status for operation, status in self.answers if operation == label}


def walk(
    document: Mapping[str, Any],
    port: int,
    *,
    n: int,
    phases: Sequence[str],
    caller: Caller | None = None,
    seed: int = 14,
) -> Walk:
    """Send what a document describes, `n` made-up requests an operation and `n` sequences of requests.

    `caller` is None where the server asks nobody. Event streams are left out: they have no end.
    """
    global _caller  # noqa: PLW0603  # a check is a function, which gets nothing of ours
    _caller = caller
    schema = schemathesis.openapi.from_dict(
        _with_records(document), config=_config(port, n, phases, caller, seed)
    ).exclude(path_regex="^/api/stream/")
    walked = Walk()
    for event in from_schema(schema).execute():
        _note(event, walked)
    return walked


def try_event_streams(document: Mapping[str, Any], port: int, *, n: int) -> Counter[tuple[str, int]]:
    """Begin to listen with `n` made-up requests a stream; return how they were answered.

    Of a stream that begins the head alone is read. Fails where an answer is none that is described.
    """
    schema = schemathesis.openapi.from_dict(dict(document), config=_config(port, n, (), None, 14))
    answers: Counter[tuple[str, int]] = Counter()
    for found in schema.include(path_regex="^/api/stream/").get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(derandomize=True, max_examples=n, deadline=None, suppress_health_check=list(HealthCheck))
        def listen(case: Case[Any]) -> None:
            with requests.request(**case.as_transport_kwargs(), stream=True, timeout=20) as response:
                answers[case.operation.label, response.status_code] += 1
                if response.status_code == 200:
                    assert response.headers["Content-Type"].partition(";")[0] == "text/event-stream"
                else:
                    case.validate_response(response)

        listen()
    return answers


def _config(port: int, n: int, phases: Sequence[str], caller: Caller | None, seed: int) -> SchemathesisConfig:
    checks: dict[str, Any] = {name: {"enabled": name in TAKEN + OURS} for name in CHECKS.get_all_names()}
    # Who is unknown learns nothing of methods; and without a token none can be left out.
    is_known = caller is not None and caller.scopes is not None
    checks["ignored_auth"] = {"enabled": is_known}
    if caller is not None and not is_known:
        checks["unsupported_method"] = {"enabled": False}
    known = ("examples", "coverage", "fuzzing", "stateful")
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": f"http://127.0.0.1:{port}",
            "request-timeout": CONNECTION_SECONDS,
            "headers": dict(caller.headers) if caller else {},
            "checks": checks,
            "generation": {"deterministic": True, "max-examples": n, "database": "none"},
            "phases": {
                name: {"enabled": name in phases} | ({"max-steps": 8} if name == "stateful" else {})
                for name in known
            },
        }
    )


def _with_records(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with texts of records as lists of them, so that records are made up."""
    changed = deepcopy(dict(document))
    for methods in changed["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if (record := content["schema"].get(schemas.ITEMS)) is not None:
                    content["schema"] = {"type": "array", "items": record}
                    content.pop("examples", None)
    return changed


def _note(event: events.EngineEvent, walked: Walk) -> None:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.NonFatalError):
        walked.faults.append(f"{event.label}: {event.value!r}")
    if isinstance(event, events.ScenarioFinished):
        recorder = event.recorder
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                label = recorder.cases[case_id].value.operation.label
                walked.answers[label, interaction.response.status_code] += 1
        walked.faults += [
            f"{check.name}: {check.failure_info.failure.title} {check.failure_info.failure.message}\n"
            f"{check.failure_info.code_sample}\n{recorder.interactions[case_id].response!r}"
            for case_id, checks in recorder.checks.items()
            for check in checks
            if check.failure_info is not None
        ]


@schemathesis.serializer(LINES)
def lines_of(_context: object, value: Any) -> bytes:
    """Write a line for each record."""
    return b"".join(
        json.dumps(one).encode() + b"\n" for one in (value if isinstance(value, list) else [value])
    )


_caller: Caller | None = None


@schemathesis.check
def invalid_is_refused(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail where what is not as the schema says is taken; of several records each is refused in its place."""
    if response.status_code < 300 and any("error" in record for record in _records(response)):
        return
    if case.operation.path == "/api/stream" and case.body in ([], b"", ""):
        # No record is no wrong one.
        return
    negative_data_rejection(ctx, response, case)


@schemathesis.check
def lines_are_documented(_ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail where a line of an answer is none that the schema describes."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    item = described.get("content", {}).get(LINES, {}).get("schema", {}).get(schemas.ITEMS)
    if item is not None:
        validator = OAS30Validator({**item, "components": case.operation.schema.raw_schema["components"]})
        for record in _records(response):
            faults = [fault.message for fault in validator.iter_errors(record)]
            assert not faults, (record, faults)


@schemathesis.check
def scopes_are_needed(_ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail where somebody gets what none of their scopes is for, or does not where one is."""
    if _caller is None:
        assert _code(response) not in {"forbidden", "unauthenticated"}
        return
    operation = case.operation.definition.raw
    if operation["security"] == [{}] or case.method != case.operation.method.upper():
        return
    needed = operation["x-scopes"]
    if _caller.scopes is None:
        assert (response.status_code, _code(response)) == (401, "unauthenticated")
    elif needed and not set(needed) & set(_caller.scopes):
        assert (response.status_code, _code(response)) == (403, "forbidden")
    else:
        assert response.status_code != 401
        assert _code(response) != "forbidden"


def _code(response: Response) -> str:
    return (response.headers.get("error-code") or [""])[0]


def _records(response: Response) -> Iterator[dict[str, Any]]:
    """Yield the answers to records, of an array or of lines."""
    kind = (response.headers.get("content-type") or [""])[0].partition(";")[0]
    content = response.content or b""
    if kind == LINES:
        yield from map(json.loads, content.splitlines())
    elif kind == "application/json" and content.startswith(b"["):
        yield from json.loads(content)
