"""A small client: one method for each route that the examples need.

Copy it into a project of your own; it needs `requests` and `dill`.
"""

import os
from typing import Any

import dill
import requests

# `make run` and `manage.py serve` take PORT as well.
DEFAULT_URL = f"http://localhost:{os.environ.get('PORT') or 5000}"
TIMEOUT_SECONDS = 60

Features = dict[str, Any] | str
GroundTruth = bool | int | float | str | dict[str, Any]


class NotReachable(Exception):
    """No server answers at the address."""


class Refused(Exception):
    """The server refused a request; `code` is its `Error-Code`."""

    def __init__(self, response: requests.Response) -> None:
        try:
            reason = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            reason = response.reason
        super().__init__(f"{response.status_code}: {reason}")
        self.code = response.headers.get("Error-Code", "")


class Client:
    """Talks to one server over one connection that is kept."""

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def flavor(self) -> str | None:
        """Return the server's flavor, None if none has been set."""
        try:
            return self._call("GET", "/api/init").json()["flavor"]
        except Refused as refusal:
            if refusal.code == "flavor_not_set":
                return None
            raise

    def set_flavor(self, flavor: str) -> None:
        """Set the flavor. It erases everything that the server holds."""
        self._call("POST", "/api/init", json={"flavor": flavor})

    def models(self) -> list[str]:
        """Return the names of all models, page by page."""
        page = self._call("GET", "/api/models").json()
        names = page["models"]
        while "next" in page:
            page = self._call("GET", "/api/models", params={"after": page["next"]}).json()
            names += page["models"]
        return names

    def upload(self, model: object, name: str, *, flavor: str | None = None, read_only: bool = False) -> int:
        """Upload a model, of the server's flavor unless another is named; return its size in bytes.

        `read_only`: it predicts, and learns nothing.
        `recurse`: a function of a script takes along the names that it uses, not all names of the script.
        """
        content = dill.dumps(model, recurse=True)
        wanted = _without_none(flavor=flavor, read_only="true" if read_only else None)
        self._call("POST", f"/api/model/{name}", data=content, params=wanted)
        return len(content)

    def download(self, name: str) -> Any:
        """Return a model as it is now."""
        return dill.loads(self._call("GET", f"/api/model/{name}").content)

    def predict(
        self,
        features: Features | None = None,
        *,
        id: int | str | None = None,  # noqa: A002
        model: str | None = None,
        **members: Any,
    ) -> Any:
        """Return a prediction; with an id, the server keeps the features until the ground truth comes.

        `members` are what else models of a flavor are asked with, such as `arms`.
        """
        body = _without_none(features=features, id=id, model=model, **members)
        return self._call("POST", "/api/predict", json=body).json()["prediction"]

    def learn(
        self,
        ground_truth: GroundTruth | None = None,
        *,
        id: int | str | None = None,  # noqa: A002
        features: Features | None = None,
        model: str | None = None,
        **members: Any,
    ) -> None:
        """Let a model learn, by the id of a prediction or from features; some need no ground truth.

        `members`: as of `predict`.
        """
        body = _without_none(ground_truth=ground_truth, id=id, features=features, model=model, **members)
        self._call("POST", "/api/learn", json=body)

    def metrics(self, model: str | None = None) -> dict[str, float | None]:
        """Return the metrics of one model, without a name those over all models."""
        return self._call("GET", "/api/metrics", params=_without_none(model=model)).json()

    def _call(self, method: str, route: str, **content: Any) -> requests.Response:
        try:
            response = self._session.request(method, self.url + route, timeout=TIMEOUT_SECONDS, **content)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NotReachable(f"No server answers at {self.url}: start it with `make run`.") from error
        if not response.ok:
            raise Refused(response)
        return response


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
