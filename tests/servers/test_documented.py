"""`/api/schema` holds: its examples can be sent as they stand, and every answer is as it says."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from river import bandit, dummy, linear_model, preprocessing, time_series
from websockets.exceptions import InvalidStatus

from models_app.api import schemas
from models_app.paradigms import request_examples
from models_app.paradigms.registry import FLAVORS
from tests.paradigms.test_battery import MODELS
from tests.servers.clients import Answer, Client
from tests.servers.databases import put_alert
from tests.servers.documents import Document
from tests.servers.listeners import listening
from tests.servers.servers import Server
from tests.servers.test_sockets import open_socket

# What has to be there before what.
ORDER = [
    "set_flavor",
    "upload_unnamed_model",
    "upload_model",
    "set_model_settings",
    "predict",
    "learn",
    "stream",
    "set_contract",
    "change_contract",
    "forget",
    "roll_back",
    "write_note",
    "mute_alerts",
    "acknowledge_alert",
]
NAME = "house"
#: Models of the flavors whose requests have examples of their own.
OF_FLAVORS: dict[str, Any] = {
    **{(flavor := asked["model"]): MODELS[flavor] for asked in request_examples.asked().values()},
    "forecasting": lambda: time_series.SNARIMAX(p=1, d=0, q=0),
}


@pytest.fixture(scope="module")
def document(server: Server) -> Document:
    with server.client() as client:
        return Document(client)


@pytest.fixture
def house(client: Client) -> str:
    client.init("regression")
    return client.upload(preprocessing.StandardScaler() | linear_model.LinearRegression(), NAME)


def model_bytes() -> bytes:
    return pickle.dumps(linear_model.LinearRegression())


def text_of(example: object) -> bytes:
    return example.encode() if isinstance(example, str) else json.dumps(example).encode()


def requests(operation: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield media type and body of each example of an operation."""
    for media_type, content in operation["requestBody"]["content"].items():
        if media_type == "application/octet-stream":
            # No document can have one.
            yield media_type, model_bytes()
        for example in content.get("examples", {}).values():
            yield media_type, text_of(example["value"])


def refused_records(answer: Answer) -> list[object]:
    """Return those of the answers to records that are refusals."""
    values = [json.loads(line) for line in answer.body.splitlines()] if answer.body else []
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if "error" in each]


class TestExamples:
    def test_are_of_each_flavor_that_asks_in_a_way_of_its_own(self) -> None:
        assert request_examples.asked().keys() == request_examples.learned().keys()
        alike = {"regression", "binary", "multiclass", "label"}
        assert OF_FLAVORS.keys() == FLAVORS.keys() - alike

    def test_can_be_sent_as_they_stand(self, server: Server, client: Client, document: Document) -> None:
        described = {
            operation["operationId"]: (method, path, operation)
            for method, path, operation in document.operations()
            if "requestBody" in operation
        }
        assert described.keys() == set(ORDER)
        uploads = [(f"/api/model/{name}?flavor={name}", made()) for name, made in OF_FLAVORS.items()]
        n_sent = 0
        for method, path, operation in map(described.__getitem__, ORDER):
            if operation["operationId"] == "predict":
                # The default model is to be that of the examples.
                others = [client.request("POST", to, pickle.dumps(model)) for to, model in uploads]
                assert {answer.status for answer in others} == {201}
                client.request("POST", f"/api/model/{NAME}", model_bytes())
            address = path.replace("{name}", NAME)
            if "{alert_id}" in path:
                address = address.replace("{alert_id}", str(put_alert(server.database, NAME)))
            for media_type, body in requests(operation):
                schema = operation["requestBody"]["content"][media_type]["schema"]
                if media_type == "application/json":
                    document.check_value(schema, json.loads(body))
                answer = client.request(method, address, body, {"Content-Type": media_type})

                assert answer.status < 300, (path, body, answer)
                assert refused_records(answer) == []
                document.check(method, path, answer)
                n_sent += 1
        assert n_sent > 9

    def test_of_websockets_can_be_sent_as_they_stand(
        self, server: Server, house: str, document: Document
    ) -> None:
        for path, socket in document.content["x-websocket"].items():
            assert socket["send"]["examples"]
            with open_socket(server, path) as connection:
                for example in socket["send"]["examples"].values():
                    document.check_value(socket["send"]["schema"], example["value"])
                    connection.send(json.dumps(example["value"]))
                    answer = json.loads(connection.recv(timeout=30))

                    document.check_value(socket["receive"]["schema"], answer)
                    assert refused_records(Answer(200, {}, json.dumps(answer).encode())) == []

    def test_of_addresses_name_the_model_of_the_bodies(self, document: Document) -> None:
        named = [
            parameter["example"]
            for _, _, operation in document.operations()
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "path" and parameter["name"] == "name"
        ]

        assert named == [NAME] * 22


class TestAnswers:
    def test_of_reading_routes_are_as_documented(
        self, server: Server, client: Client, house: str, document: Document
    ) -> None:
        alert_id = str(put_alert(server.database, house))
        client.predict(features={"area": 1.0}, id=1)
        for n in range(3):
            client.learn(features={"area": 1.0 + n}, ground_truth=n)
        client.request("POST", "/api/model/offers?flavor=bandit", pickle.dumps(bandit.RandomPolicy()))
        client.request("POST", "/api/model/kinds?flavor=multiclass", pickle.dumps(dummy.PriorClassifier()))
        reading = [(path, operation) for method, path, operation in document.operations() if method == "GET"]
        assert len(reading) > 12

        for path, operation in reading:
            if schemas.EVENTS not in json.dumps(operation):
                name = {"estimates": "offers", "labels": "kinds"}.get(path.rpartition("/")[2], house)
                models = [
                    parameter
                    for parameter in operation.get("parameters", [])
                    if (parameter["name"], parameter["in"]) == ("model", "query")
                ]
                queries = [f"?model={name}" for _ in models]
                if not any(parameter.get("required") for parameter in models):
                    queries.append("")
                for query in queries:
                    address = path.replace("{name}", name).replace("{alert_id}", alert_id)
                    answer = client.get(address + query)

                    assert answer.status == 200, (path, answer)
                    document.check("GET", path, answer)

    def test_of_deleting_are_as_documented(self, client: Client, house: str, document: Document) -> None:
        for status in (204, 404):
            answer = client.request("DELETE", f"/api/model/{house}")

            assert answer.status == status
            document.check("DELETE", "/api/model/{name}", answer)

    @pytest.mark.parametrize(
        ("path", "kinds"),
        [
            ("/api/stream/metrics", {"message"}),
            ("/api/stream/events", {"predict", "learn"}),
            ("/api/stream/live", {"predict", "learn", "metrics", "models"}),
        ],
    )
    def test_on_event_streams_are_as_documented(
        self, server: Server, client: Client, house: str, document: Document, path: str, kinds: set[str]
    ) -> None:
        content = document.content["paths"][path]["get"]["responses"]["200"]["content"]
        described = content["text/event-stream"]["schema"][schemas.EVENTS]
        missing = set(kinds)

        with listening(server.port, path) as events:
            client.predict(features={"area": 1.5})
            client.learn(features={"area": 1.5}, ground_truth=2)
            while missing:
                event = next(events)
                document.check_value(described[event.event], event.data)
                missing.discard(event.event)


# Method, path, what stands behind it, body, and the code; in the path's place of a name there is another.
REFUSED: list[tuple[str, str, str, object, str]] = [
    ("POST", "/api/init", "", {"flavor": "none"}, "unknown_flavor"),
    ("POST", "/api/init", "", {"flavour": "none"}, "invalid_request"),
    ("POST", "/api/predict", "", {"features": {}, "model": "nobody"}, "model_not_found"),
    ("POST", "/api/predict", "", [], ""),
    ("POST", "/api/predict", "", [{}, {"features": {}, "model": "nobody", "ref": None}], ""),
    ("POST", "/api/predict", "", "text", "invalid_request"),
    ("POST", "/api/predict", "?x=1", {"features": {}}, "invalid_request"),
    ("POST", "/api/learn", "", {"ground_truth": 1}, "no_features"),
    ("POST", "/api/learn", "", {"ground_truth": 1, "id": 5}, "prediction_not_pending"),
    ("POST", "/api/learn", "", {"ground_truth": "x", "features": {}}, "invalid_ground_truth"),
    ("POST", "/api/learn", "", {"ground_truth": 1, "features": {"area": "x"}}, "model_raised"),
    ("POST", "/api/learn", "", [{"ground_truth": 1}, {"op": "x"}], ""),
    ("POST", "/api/stream", "", {"op": "x", "ref": [1]}, ""),
    ("POST", "/api/stream", "?x=1", {}, "invalid_request"),
    ("POST", "/api/model", "", "text", "model_not_readable"),
    ("POST", "/api/model", "?metrics=x", "text", "invalid_request"),
    ("POST", "/api/model/{name}", "", "text", "model_not_readable"),
    ("GET", "/api/model", "?x=1", None, "invalid_request"),
    ("GET", "/api/model/{name}", "", None, "model_not_found"),
    ("DELETE", "/api/model/{name}", "", None, "model_not_found"),
    ("GET", "/api/init", "?x=1", None, "invalid_request"),
    ("GET", "/api/models", "?x=1", None, "invalid_request"),
    ("GET", "/api/metrics", "?model=nobody", None, "model_not_found"),
    ("GET", "/api/metrics", "?rolling=true", None, "invalid_request"),
    ("GET", "/api/metrics/history", "?model=nobody", None, "model_not_found"),
    ("GET", "/api/metrics/history", "?since=x", None, "invalid_request"),
    ("GET", "/api/alerts", "?model=nobody", None, "model_not_found"),
    ("GET", "/api/alerts", "?state=new", None, "invalid_request"),
    ("GET", "/api/alerts", "?kind=learning", None, "invalid_request"),
    ("GET", "/api/alerts/{alert_id}", "", None, "alert_not_found"),
    ("POST", "/api/alerts/{alert_id}/acknowledge", "", {"note": "x"}, "alert_not_found"),
    ("GET", "/api/model/{name}/mutes", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "drift", "seconds": 60}, "model_not_found"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "drift"}, "invalid_request"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "drift", "seconds": 1, "until": 9e9}, "invalid_request"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "drift", "seconds": 0}, "invalid_request"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "drift", "until": 1e99}, "invalid_request"),
    ("POST", "/api/model/{name}/mutes", "", {"kind": "well", "seconds": 60}, "invalid_request"),
    ("DELETE", "/api/model/{name}/mutes", "?kind=drift", None, "model_not_found"),
    ("DELETE", "/api/model/{name}/mutes", "", None, "invalid_request"),
    ("GET", "/api/labels", "?model=nobody", None, "model_not_found"),
    ("GET", "/api/audit", "?limit=0", None, "invalid_request"),
    ("GET", "/api/model/{name}/estimates", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/forget", "", {"id": 1}, "model_not_found"),
    ("POST", "/api/model/{name}/forget", "?dry_run=x", {"id": 1}, "invalid_request"),
    ("POST", "/api/model/{name}/forget", "", {}, "invalid_request"),
    ("POST", "/api/model/{name}/forget", "", {"feature": {"a": 1, "b": 2}}, "invalid_request"),
    ("POST", "/api/model/{name}/forget", "", {"feature": {"a": [1]}}, "invalid_request"),
    ("POST", "/api/model/{name}/forget", "", {"feature": {"a": 1}, "id": 1}, "invalid_request"),
    ("GET", "/api/model/{name}/snapshots", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/snapshots", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/rollback", "", {"seq": 0}, "model_not_found"),
    ("POST", "/api/model/{name}/rollback", "", {"seq": -1}, "invalid_request"),
    ("POST", "/api/model/{name}/rollback", "", {"generation": 1}, "invalid_request"),
    ("POST", "/api/model/{name}/default", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/release", "", None, "model_not_found"),
    ("GET", "/api/model/{name}/records", "", None, "model_not_found"),
    ("GET", "/api/model/{name}/notes", "", None, "model_not_found"),
    ("POST", "/api/model/{name}/notes", "", {"text": "x"}, "model_not_found"),
    ("POST", "/api/model/{name}/notes", "", {"text": " "}, "invalid_request"),
    ("POST", "/api/model/{name}/notes", "", {"text": "x", "time": 1e99}, "invalid_request"),
    ("DELETE", "/api/model/{name}/notes", "?id=1", None, "model_not_found"),
    ("DELETE", "/api/model/{name}/notes", "", None, "invalid_request"),
    ("GET", "/api/model/{name}/contract", "", None, "model_not_found"),
    ("PUT", "/api/model/{name}/contract", "", {"type": "array"}, "invalid_request"),
    ("POST", "/api/model/{name}/contract", "", {"strict": "yes"}, "invalid_request"),
    ("GET", "/api/model/{name}/settings", "", None, "model_not_found"),
    ("PATCH", "/api/model/{name}/settings", "", {"features_kept": None}, "model_not_found"),
    ("PATCH", "/api/model/{name}/settings", "", {"features_kept": "some"}, "invalid_request"),
    ("PATCH", "/api/model/{name}/settings", "", {}, "invalid_request"),
    ("GET", "/api/alerts", "?limit=0", None, "invalid_request"),
    ("GET", "/api/stats", "?model=nobody", None, "model_not_found"),
    ("GET", "/api/stream/metrics", "?x=1", None, "invalid_request"),
    ("GET", "/api/stream/events", "?x=1", None, "invalid_request"),
    ("GET", "/api/stream/live", "?x=1", None, "invalid_request"),
    ("GET", "/api/schema", "?x=1", None, "invalid_request"),
    ("GET", "/api/schema", "?format=x", None, "not_found"),
    ("GET", "/api/schema", "?format=", None, "invalid_request"),
    ("POST", "/api/ticket", "?x=1", None, "invalid_request"),
    ("GET", "/healthz", "?x=1", None, "invalid_request"),
    ("GET", "/readyz", "?x=1", None, "invalid_request"),
    ("GET", "/metrics", "?format=x", None, "bad_request"),
]


class TestRefusals:
    def test_are_as_documented(self, client: Client, house: str, document: Document) -> None:
        for method, path, query, content, code in REFUSED:
            body = None if content is None else text_of(content)
            answer = client.request(method, path.replace("{name}", "nobody") + query, body)

            assert answer.headers.get("error-code", "") == code, (method, path, answer)
            document.check(method, path, answer)

    def test_of_types_that_are_not_there_are_as_documented(self, client: Client, document: Document) -> None:
        answer = client.request("GET", "/api/models", headers={"Accept": "text/html"})

        assert answer.code == "not_acceptable"
        document.check("GET", "/api/models", answer)

    def test_leave_no_operation_out(self, document: Document) -> None:
        tried = {(method, path) for method, path, *_ in REFUSED}

        assert tried == {(method, path) for method, path, _ in document.operations()}

    def test_without_a_model_are_as_documented(self, client: Client, document: Document) -> None:
        client.init("binary")
        for method, path, body in [
            ("POST", "/api/predict", b'{"features": {}}'),
            ("POST", "/api/learn", b'{"features": {}, "ground_truth": true}'),
            ("GET", "/api/model", None),
            ("GET", "/api/metrics?model=", None),
        ]:
            answer = client.request(method, path, body)

            assert answer.code == "no_default_model"
            document.check(method, path.partition("?")[0], answer)

    def test_of_other_sites_are_as_documented(self, client: Client, document: Document) -> None:
        for method, path, operation in document.operations():
            if "requestBody" in operation:
                answer = client.request(
                    method, path.replace("{name}", NAME), b"{}", {"Origin": "https://evil.example"}
                )

                assert answer.code == "cross_site_request"
                document.check(method, path, answer)

    def test_of_handshakes_are_as_documented(self, server: Server, document: Document) -> None:
        described = document.content["x-websocket"]["/ws/stream"]["refusals"]
        for query, origin in [("?x=1", None), ("", "https://evil.example")]:
            with pytest.raises(InvalidStatus) as refused:
                open_socket(server, f"/ws/stream{query}", origin)

            response = refused.value.response
            assert response.headers["Error-Code"] in described[str(response.status_code)]
            document.check_value(schemas.ERROR, json.loads(response.body))


class TestDocument:
    def test_is_no_document_that_anything_fits(self, document: Document) -> None:
        def answer(status: int, body: bytes, **headers: str) -> Answer:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return Answer(status, {"content-type": "application/json", **named}, body)

        good = b'{"message": "no"}'
        document.check("POST", "/api/predict", answer(400, good, error_code="model_raised"))
        for wrong in (
            answer(202, b"{}"),
            answer(200, b"{}"),
            answer(200, b'[{"model": "m", "prediction": 1, "line": 1}]'),
            answer(400, good),
            answer(400, good, error_code="unknown_flavor"),
            answer(400, b'{"message": 5}', error_code="model_raised"),
            answer(418, good, error_code="model_raised"),
        ):
            with pytest.raises(AssertionError):
                document.check("POST", "/api/predict", wrong)
