"""A client with a connection of its own: http.client, since a load must not be bound by who makes it."""

import http.client
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which must be valid JSON: no NaN, no infinity."""
        return json.loads(self.body, parse_constant=_refuse_constant)

    @property
    def message(self) -> Any:
        """The reason of a refusal, which says nothing else."""
        body = self.json
        assert list(body) == ["message"]
        return body["message"]

    @property
    def code(self) -> str | None:
        """The error's code for machines."""
        return self.headers.get("error-code")


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


class Client:
    """One keep-alive connection. What breaks it is an `OSError` or `http.client.HTTPException`."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and return its answer."""
        self._connection.request(method, path, body, dict(headers or {}))
        response = self._connection.getresponse()
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )

    def get(self, path: str) -> Answer:
        """GET."""
        return self.request("GET", path)

    def post(self, path: str, **fields: object) -> Answer:
        """POST the fields as a JSON object."""
        return self.request("POST", path, json.dumps(fields).encode(), {"Content-Type": "application/json"})

    def predict(self, **fields: object) -> Answer:
        """POST /api/predict."""
        return self.post("/api/predict", **fields)

    def learn(self, **fields: object) -> Answer:
        """POST /api/learn."""
        return self.post("/api/learn", **fields)

    def init(self, flavor: str) -> None:
        """Erase everything and set the flavor."""
        answer = self.post("/api/init", flavor=flavor)
        assert answer.status == 201, answer

    def upload(self, model: object, name: str | None = None) -> str:
        """Upload a model (an object, or bytes) and return its name."""
        data = model if isinstance(model, bytes) else pickle.dumps(model)
        answer = self.request("POST", "/api/model" if name is None else f"/api/model/{name}", data)
        assert answer.status == 201, answer
        uploaded: str = answer.json["name"]
        return uploaded

    def download(self, name: str) -> bytes:
        """Return a model's bytes."""
        answer = self.get(f"/api/model/{name}")
        assert answer.status == 200, answer
        return answer.body

    def metrics(self, model: str | None = None) -> dict[str, float | None]:
        """Return the metrics over all models, or of one."""
        answer = self.get("/api/metrics" if model is None else f"/api/metrics?model={model}")
        assert answer.status == 200, answer
        metrics: dict[str, float | None] = answer.json
        return metrics
