"""Models of several flavors on one server."""

import json
import math
import pickle
from typing import Any

import pytest
from river import anomaly, linear_model, metrics, preprocessing, tree

from tests.servers import bare_loops
from tests.servers.clients import Answer, Client
from tests.servers.conftest import Start
from tests.servers.flavor_cases import CASES, Case
from tests.servers.listeners import listening
from tests.servers.servers import Server
from tests.servers.test_contract import binary, regression, state
from tests.servers.waiting import wait_until


def upload(client: Client, model: object, query: str, name: str = "m") -> Answer:
    return client.request("POST", f"/api/model/{name}?{query}", pickle.dumps(model))


def run(client: Client, model: str, truths: list[Any]) -> list[Any]:
    """Let a model predict and learn each ground truth, by id; return the predictions."""
    predicted = []
    for number, truth in enumerate(truths):
        answer = client.predict(model=model, id=f"{model} {number}", features={"x": number % 7 - 3.0})
        assert answer.status == 201, answer
        assert client.learn(id=f"{model} {number}", ground_truth=truth).status == 201
        predicted.append(answer.json["prediction"])
    return predicted


def drive(client: Client, name: str, case: Case, numbers: range) -> list[Any]:
    """Send the requests of some records to the model of a case; return the predictions."""
    predicted = []
    for number in numbers:
        for route, fields in case.requests(number):
            own_id = {"id": f"{name} {fields['id']}"} if "id" in fields else {}
            answer = client.post(f"/api/{route}", **{"model": name, **fields, **own_id})
            assert answer.status in (200, 201), answer
            if route == "predict":
                predicted.append(answer.json["prediction"])
    return predicted


class TestEachFlavor:
    @pytest.mark.parametrize("flavor", dict.fromkeys(case.flavor for case in CASES.values()))
    def test_gives_what_river_alone_gives_through_kill_9(self, start: Start, flavor: str) -> None:
        cases = {name: case for name, case in CASES.items() if case.flavor == flavor}
        models = {name: case.model() for name, case in cases.items()}
        server = start()
        bare = [(case.bare, models[name], case.n) for name, case in cases.items()]
        expected = bare_loops.call_all(bare, seed=bare_loops.seed_of(server.instance))

        with server.client() as client:
            for name, model in models.items():
                assert upload(client, model, f"flavor={flavor}", name).status == 201
            predicted = {name: drive(client, name, case, range(case.n // 2)) for name, case in cases.items()}
        server.restart(clean=False)
        with server.client() as client:
            for name, case in cases.items():
                predicted[name] += drive(client, name, case, range(case.n // 2, case.n))
            found = {name: client.metrics(name) for name in cases}
        assert server.stop() == 0

        for name, (answers, values) in zip(cases, expected, strict=True):
            assert predicted[name] == answers, name
            assert found[name] == values, name
        verified = server.manage("verify_journal")
        assert verified.returncode == 0, verified.stdout
        assert [line.split(" ")[:2] for line in sorted(verified.stdout.splitlines())] == [
            [f"{name}:", "equal"] for name in sorted(cases)
        ]


class TestSideBySide:
    def test_are_scored_by_flavor_through_kill_9(self, start: Start) -> None:
        server = start()
        numbers, booleans = [0.5 * number for number in range(60)], [number % 3 == 0 for number in range(60)]
        mae, loss = metrics.MAE(), metrics.LogLoss()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            assert upload(client, binary(), "flavor=binary", "fraud").status == 201
            for truth, y_pred in zip(numbers, run(client, "house", numbers), strict=True):
                mae.update(truth, y_pred)
            for label, shares in zip(booleans, run(client, "fraud", booleans), strict=True):
                loss.update(label, {True: shares["true"], False: shares["false"]})
        server.restart(clean=False)

        with server.client() as client:
            assert client.metrics()["MAE"] == client.metrics("house")["MAE"] == mae.get()
            by_flavor = client.get("/api/metrics?flavor=binary").json
            assert list(by_flavor) == ["Accuracy", "LogLoss", "Precision", "Recall", "F1"]
            assert by_flavor == client.metrics("fraud")
            assert by_flavor["LogLoss"] == pytest.approx(loss.get())
            assert client.get("/api/metrics?flavor=regression").json == client.metrics()
            assert client.get("/api/metrics?flavor=multiclass").json["Accuracy"] == 0.0
            # One of them goes; what it has scored stays.
            assert client.request("DELETE", "/api/model/fraud").status == 204
            assert client.get("/api/metrics?flavor=binary").json == by_flavor
        server.restart(clean=False)
        with server.client() as client:
            assert client.get("/api/metrics?flavor=binary").json == by_flavor
            client.init("binary")
            assert client.metrics()["LogLoss"] == 0.0

    def test_have_a_history_by_flavor(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            assert upload(client, binary(), "flavor=binary", "fraud").status == 201
            client.learn(model="house", features={"x": 1.0}, ground_truth=2.0)
            for _ in range(3):
                client.learn(model="fraud", features={"x": 1.0}, ground_truth=True)

            def of(query: str) -> Any:
                return client.get(f"/api/metrics/history{query}").json

            wait_until(lambda: of("?flavor=binary")["seq"][-1:] == [3] and of("")["seq"][-1:] == [1])

            assert (of("")["flavor"], of("?flavor=binary")["flavor"]) == ("regression", "binary")
            assert (of("?model=fraud")["model"], of("?model=fraud")["flavor"]) == ("fraud", "binary")
            assert list(of("")["metrics"]) == ["MAE", "RMSE", "SMAPE"]
            assert of("?flavor=binary")["metrics"]["LogLoss"][-1] == client.metrics("fraud")["LogLoss"]
            assert of("?flavor=multiclass")["seq"] == []

    def test_are_streamed_to_pages_beside_the_instances_own(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        assert upload(client, binary(), "flavor=binary", "fraud").status == 201
        missing = {"metrics", "flavors", "models"}

        with listening(server.port, "/api/stream/live") as events:
            client.learn(model="fraud", features={"x": 1.0}, ground_truth=True)
            client.learn(model="house", features={"x": 1.0}, ground_truth=2.0)
            expected = {
                "metrics": client.metrics(),
                "flavors": {"binary": client.get("/api/metrics?flavor=binary").json},
            }
            while missing:
                event = next(events)
                if expected.get(event.event, event.data) == event.data:
                    missing.discard(event.event)

    @pytest.mark.parametrize("path", ["metrics", "metrics/history"])
    def test_refuse_a_flavor_that_is_none_and_one_beside_a_model(self, client: Client, path: str) -> None:
        client.init("regression")
        client.upload(regression(), "m")

        unknown = client.get(f"/api/{path}?flavor=zugzug")
        both = client.get(f"/api/{path}?flavor=binary&model=m")

        assert (unknown.status, unknown.code) == (400, "unknown_flavor")
        assert (both.status, both.message) == (400, {"flavor": ["not with 'model', which has one"]})


class TestWithoutAFlavorOfItsOwn:
    """An instance that nobody has initialised."""

    def test_serves_what_names_one(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            for path in ("metrics", "metrics?model=m", "stats", "alerts", "metrics/history"):
                assert client.get(f"/api/{path}").code == "flavor_not_set", path

            assert upload(client, binary(), "flavor=binary").json == {"name": "m", "flavor": "binary"}
            run(client, "m", [True] * 5)

            for path in ("init", "metrics", "metrics/history"):
                assert client.get(f"/api/{path}").code == "flavor_not_set", path
            assert client.request("POST", "/api/model/n", pickle.dumps(binary())).code == "flavor_not_set"
            assert client.get("/api/model/n").status == 404
            found = client.metrics("m")
            assert client.get("/api/metrics?flavor=binary").json == found
            assert client.get("/api/metrics?model=nobody").status == 404
            assert client.get("/api/stats").json["learn"]["n_calls"] == 5
            assert client.get("/api/alerts").json == {"alerts": [], "next": None}
            for page in ("/", "/models/m/", "/compare/?model=m", "/metrics"):
                assert client.get(page).status == 200, page
            wait_until(lambda: client.get("/api/metrics/history?flavor=binary").json["seq"][-1:] == [5])
        server.restart(clean=False)

        with server.client() as client:
            assert client.get("/api/metrics?flavor=binary").json == found
            # From now on there is one, and nothing else.
            client.init("regression")
            assert client.get("/api/models").json == {"models": [], "default": None}
            assert client.get("/api/metrics?flavor=binary").json["LogLoss"] == 0.0

    def test_learns_from_a_file(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            upload(client, regression(), "flavor=regression")
        records = server.instance / "records.ndjson"
        records.write_text(
            "".join(json.dumps({"features": {"x": n}, "ground_truth": 2.0 * n}) + "\n" for n in range(20))
        )

        done = server.manage("learn", str(records), "--model", "m")

        assert done.returncode == 0, done.stderr
        with server.client() as client:
            assert client.get("/api/metrics?flavor=regression").json == client.metrics("m")


class TestDetails:
    def test_are_those_of_each_model(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            upload(client, binary(), "flavor=binary", "fraud")
            run(client, "fraud", [True, False, True])
            client.predict(model="fraud", id="open", features={"x": 1.0})
            listed = client.get("/api/models?details=1").json
            plain = client.get("/api/models").json
            uploaded_at = listed["details"][0]["uploaded_at"]

            assert plain == {"models": ["fraud", "house"], "default": "fraud"}
            assert len(listed["details"][0]["sha256"]) == 64
            assert {name: listed[name] for name in plain} == plain
            fraud, house = listed["details"]
            assert fraud == {
                "name": "fraud", "flavor": "binary", "default": True, "read_only": False, "learns": 3,
                "predictions": 4, "pending": 1, "headline": "Accuracy", "metrics": client.metrics("fraud"),
                "metrics_learns": 3,
                "size_bytes": fraud["size_bytes"], "uploaded_at": uploaded_at,
                "sha256": fraud["sha256"], "signed_by": None,
                "last_predicted_at": fraud["last_predicted_at"], "last_learned_at": fraud["last_learned_at"],
                "quarantine": None, "status": "learning",
                "reasons": [{
                    "rule": "learning", "since": None,
                    "text": "3 learns, fewer than the 1,000 that say how it does",
                }],
            }  # fmt: skip
            assert uploaded_at < fraud["last_learned_at"] <= fraud["last_predicted_at"] < uploaded_at + 600
            assert (house["flavor"], house["headline"], house["learns"]) == ("regression", "MAE", 0)
            assert (house["last_learned_at"], house["metrics_learns"]) == (None, 0)
        server.restart(clean=False)

        with server.client() as client:
            # Not in memory: what its newest snapshot has.
            again = client.get("/api/models?details=true").json["details"][0]
            assert (again["learns"], again["metrics_learns"] <= 3) == (3, True)
            assert client.get("/api/models?details=yes").message == {"details": ["must be 'true' or 'false'"]}


class TestUpload:
    @pytest.mark.parametrize(
        ("model", "flavor"),
        [
            (preprocessing.StandardScaler() | linear_model.LinearRegression(), "regression"),
            (preprocessing.StandardScaler() | linear_model.LogisticRegression(), "binary"),
            (tree.HoeffdingTreeClassifier(), "multiclass"),
        ],
    )
    def test_says_what_it_took_for_auto(self, client: Client, model: object, flavor: str) -> None:
        client.init("regression")

        answer = upload(client, model, "flavor=auto")

        assert (answer.status, answer.json) == (201, {"name": "m", "flavor": flavor})
        assert list(client.metrics("m")) == list(client.get(f"/api/metrics?flavor={flavor}").json)

    def test_of_what_river_does_not_know_is_refused_for_auto(self, server: Server, client: Client) -> None:
        client.init("regression")
        before = state(server, client)

        answer = upload(client, {"a": "dictionary"}, "flavor=auto")

        assert (answer.status, answer.code) == (400, "model_not_suitable")
        assert "upload it with its flavor named" in answer.message
        assert state(server, client) == before

    def test_checks_metrics_by_the_flavor_that_it_took(self, client: Client) -> None:
        client.init("regression")

        assert upload(client, binary(), "flavor=auto&metrics=ROCAUC").status == 201
        answer = upload(client, binary(), "flavor=auto&metrics=R2")

        assert answer.message["metrics"][0].startswith("'R2' does not fit the flavor 'binary'")
        assert list(client.metrics("m"))[-1] == "ROCAUC"

    def test_may_choose_metrics_with_a_parameter(self, start: Start) -> None:
        server = start()
        alone = metrics.Precision()
        with server.client() as client:
            chosen = "flavor=anomaly&metrics=PrecisionAt(0.5),RecallAt(0.5)"
            assert upload(client, anomaly.HalfSpaceTrees(seed=1, window_size=10), chosen).status == 201
            for number in range(40):
                asked = {"id": number, "features": {"x": number % 9 / 9}}
                score = client.predict(model="m", **asked).json["prediction"]["score"]
                client.learn(id=number)
                client.learn(id=number, ground_truth=number % 3 == 0)
                alone.update(number % 3 == 0, score >= 0.5)
            found = client.metrics("m")
            rolling = client.get("/api/metrics?model=m&rolling=true").json
        server.restart(clean=False)

        assert list(found)[-2:] == ["PrecisionAt(0.5)", "RecallAt(0.5)"]
        assert found["PrecisionAt(0.5)"] == rolling["PrecisionAt(0.5)"] == alone.get() > 0
        with server.client() as client:
            assert client.metrics("m") == found

    @pytest.mark.parametrize("flavor", ["zugzug", ""])
    def test_under_no_flavor_that_is_one_is_refused(
        self, server: Server, client: Client, flavor: str
    ) -> None:
        client.init("regression")
        before = state(server, client)

        answer = upload(client, regression(), f"flavor={flavor}")

        assert (answer.status, answer.code) == (400, "unknown_flavor")
        assert state(server, client) == before

    def test_without_one_answers_as_ever(self, client: Client) -> None:
        client.init("regression")

        answer = client.request("POST", "/api/model/m", pickle.dumps(regression()))

        assert answer.json == {"name": "m"}


class TestReplacement:
    def test_by_another_flavor_leaves_nothing_pending(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "m")
            client.upload(regression(), "other")
            for name in ("m", "other"):
                client.predict(model=name, id=f"of {name}", features={"x": 1.0})
            client.learn(model="m", features={"x": 1.0}, ground_truth=3.0)
            before = client.metrics()

            assert upload(client, binary(), "flavor=binary").status == 201

            late = client.learn(id="of m", ground_truth=3.0)
            assert (late.status, late.message) == (400, "No information stored for ID 'of m'.")
            assert client.metrics() == before
            assert run(client, "m", [True])[0] == {"false": 0.5, "true": 0.5}
            assert client.metrics("m")["LogLoss"] == pytest.approx(math.log(2))
            # Of another model nothing is gone.
            assert client.learn(id="of other", ground_truth=3.0).status == 201
            after = client.metrics(), client.get("/api/metrics?flavor=binary").json
        server.restart(clean=False)

        with server.client() as client:
            assert (client.metrics(), client.get("/api/metrics?flavor=binary").json) == after

    def test_by_the_same_flavor_keeps_it(self, client: Client) -> None:
        client.init("regression")
        assert upload(client, binary(), "flavor=binary").status == 201
        client.predict(model="m", id=1, features={"x": 1.0})

        assert upload(client, binary(), "flavor=auto").status == 201

        assert client.learn(id=1, ground_truth=True).status == 201
