"""Notes of a request beside HTTP: its model, how many records it had, where its time went."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from msgspec import UNSET, UnsetType

from models_app.engine.tracing import Stages
from web.asgi import Scope
from web.json_logs import RequestLine
from web.observing import Request


@dataclass(slots=True, kw_only=True)
class ModelRequest(Request):
    """Has what the engine notes of a request, in its `Trace`."""

    model: str | None = None
    stages: Stages | None = None
    n_records: int = 0
    n_refused: int = 0

    def resolved(self, parameters: Mapping[str, Any]) -> None:
        """Note the model that the address names."""
        self.model = self.model or parameters.get("name") or _asked_for(self.scope)

    def noted(self) -> Mapping[str, object]:
        """Return the fields of a `ModelLine`."""
        if self.n_records:
            return {"model": self.model, "records": self.n_records, "refused_records": self.n_refused}
        return {"model": self.model}

    def attributes(self) -> Mapping[str, Any]:
        """Return the attributes of a span."""
        return {"chantilly.model": self.model, "chantilly.records": self.n_records or None}

    def parts(self) -> Iterator[tuple[str, float, float]]:
        """Return what came before the answer."""
        stages = self.stages
        if stages is not None:
            yield "queue wait", stages.queued_at, stages.started_at
            yield "compute", stages.started_at, stages.computed_at
            if stages.written_at is not None:
                yield "commit", stages.computed_at, stages.written_at


class ModelLine(RequestLine, gc=False, omit_defaults=True):
    """A request's fields in the log; of single records it does not say how many."""

    model: str | None = None
    records: int | UnsetType = UNSET
    refused_records: int | UnsetType = UNSET


def _asked_for(scope: Scope) -> str | None:
    query = scope.get("query_string", b"")
    if b"model=" not in query:
        return None
    names = parse_qs(query.decode("latin-1")).get("model")
    return names[0] if names else None
