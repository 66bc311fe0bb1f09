"""The wire contract, row by row: what a client sends, what it gets, and that a refusal changes nothing."""

import http.client
import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dill
import pytest
import river
from river import base, compose, linear_model, naive_bayes, preprocessing, tree

from models_app.domain import blobs
from models_app.paradigms.registry import FLAVORS
from tests.paradigms.test_battery import MODELS
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.folds import METRICS, Scores, state_of
from tests.servers.launchers import ForkServer
from tests.servers.listeners import Heard, listening
from tests.servers.servers import Server
from tests.servers.uploads import Uploads

HOUSE = {"rooms": 3, "area": 71.5}


def regression() -> Any:
    return preprocessing.StandardScaler() | linear_model.LinearRegression()


def binary() -> Any:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def state(server: Server, client: Client) -> dict[str, object]:
    """All that a refused request must leave as it was."""
    listed = client.get("/api/models").json
    return {
        "rows": server.database.contents(),
        "models": listed,
        "metrics": client.get("/api/metrics").body,
        "metrics of models": {name: client.metrics(name) for name in listed["models"]},
        "states": {name: state_of(blobs.loads(client.download(name))) for name in listed["models"]},
    }


@pytest.fixture(params=["", "/"], ids=["without slash", "with slash"])
def slash(request: pytest.FixtureRequest) -> str:
    """Return the end of an address: every route may have the slash."""
    end: str = request.param
    return end


def learn_by(way: str, client: Client, record: dict[str, object]) -> str | None:
    """Learn one record, alone or among others; return the message of its refusal."""
    if way == "alone":
        answer = client.learn(**record)
        return None if answer.status == 201 else answer.message
    if way == "array":
        body = client.request("POST", "/api/learn", json.dumps([record]).encode()).json[0]
    else:
        sent = json.dumps({"op": "learn", **record}).encode() + b"\n"
        body = json.loads(client.request("POST", "/api/stream", sent).body.splitlines()[0])
    return body.get("message")  # type: ignore[no-any-return]  # JSON


class TestRoutes:
    def test_init_reports_the_flavor(self, client: Client, slash: str) -> None:
        client.init("multiclass")

        answer = client.get(f"/api/init{slash}")

        assert answer.status == 200
        assert answer.json == {
            "flavor": "multiclass",
            "storage": "sqlite",
            "river_version": river.__version__,
        }

    def test_init_erases_everything(self, server: Server, client: Client, slash: str) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.predict(features=HOUSE, id=1)
        client.learn(features=HOUSE, ground_truth=3)

        answer = client.post(f"/api/init{slash}", flavor="regression")

        assert (answer.status, answer.json) == (201, {})
        contents = server.database.contents()
        assert len(contents.pop("configuration")) == 1
        assert contents == {"models": [], "snapshots": [], "segments": [], "pending": []}
        assert client.metrics() == Scores("regression").values()
        assert {route["n_calls"] for route in client.get("/api/stats").json.values()} == {0}

    @pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", "multipart/x", None])
    @pytest.mark.parametrize("dumps", [pickle.dumps, dill.dumps])
    def test_a_model_is_uploaded(
        self, client: Client, slash: str, content_type: str | None, dumps: Any
    ) -> None:
        client.init("regression")
        headers = {"Content-Type": content_type} if content_type else {}

        answer = client.request("POST", f"/api/model/house{slash}", dumps(regression()), headers)

        assert (answer.status, answer.json) == (201, {"name": "house"})
        assert client.get("/api/models").json == {"models": ["house"], "default": "house"}

    def test_a_name_is_drawn_for_a_model_without_one(self, client: Client, slash: str) -> None:
        client.init("regression")

        answer = client.request("POST", f"/api/model{slash}", pickle.dumps(regression()))

        assert answer.status == 201
        adjective, food = answer.json["name"].split("-")
        assert adjective.isalpha()
        assert food.isalpha()

    def test_the_newest_upload_is_the_default(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "first")
        client.upload(regression(), "second")

        assert client.predict(features=HOUSE).json["model"] == "second"

        client.upload(regression(), "first")

        assert client.predict(features=HOUSE).json["model"] == "first"

    def test_an_upload_to_a_name_starts_its_journal_afresh(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.learn(features=HOUSE, ground_truth=3)

        client.upload(linear_model.LinearRegression(), "house")

        assert server.database.learns("house") == []
        assert server.database.snapshot_seqs("house") == [0]
        assert client.metrics("house") == Scores("regression").values()
        assert isinstance(pickle.loads(client.download("house")), linear_model.LinearRegression)

    def test_a_download_is_the_model_as_it_is_now(self, client: Client, uploads: Uploads, slash: str) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        for tag in range(5):
            client.learn(features={"tag": tag}, ground_truth=3)

        named, default = (client.get(path + slash) for path in ("/api/model/counting", "/api/model"))

        assert (named.status, default.status) == (200, 200)
        assert blobs.loads(named.body).tags == blobs.loads(default.body).tags == [0, 1, 2, 3, 4]

    def test_a_delete_takes_what_is_pending_along(self, server: Server, client: Client, slash: str) -> None:
        client.init("regression")
        for name in ("oldest", "older", "newest"):
            client.upload(regression(), name)
            client.predict(features=HOUSE, id=name)

        answer = client.request("DELETE", f"/api/model/newest{slash}")

        assert (answer.status, answer.body) == (204, b"")
        assert server.database.pending_ids() == {"oldest", "older"}
        assert client.get("/api/models").json == {"models": ["older", "oldest"], "default": "older"}

    def test_models_page_by_name(self, client: Client, slash: str) -> None:
        client.init("regression")
        for name in ("pump-1", "pump-2", "valve-1", "PUMP-3"):
            client.upload(regression(), name)

        first = client.get(f"/api/models{slash}?limit=2").json
        second = client.get(f"/api/models{slash}?limit=2&after={first['next']}&details=1").json
        found = client.get(f"/api/models{slash}?search=pump").json
        refused = client.get(f"/api/models{slash}?limit=0")

        assert first == {"models": ["PUMP-3", "pump-1"], "default": "PUMP-3", "next": "pump-1"}
        assert (second["models"], "next" in second) == (["pump-2", "valve-1"], False)
        assert [model["name"] for model in second["details"]] == ["pump-2", "valve-1"]
        assert found == {"models": ["PUMP-3", "pump-1", "pump-2"], "default": "PUMP-3"}
        assert (refused.status, refused.code) == (400, "invalid_request")

    def test_a_delete_of_nothing_is_not_found(self, client: Client, slash: str) -> None:
        client.init("regression")

        answer = client.request("DELETE", f"/api/model/nobody{slash}")

        reported = {"message": "No model named 'nobody'."}
        assert (answer.status, answer.json, answer.code) == (404, reported, "model_not_found")

    def test_models_are_listed_by_name(self, client: Client, slash: str) -> None:
        client.init("regression")
        nothing = client.get(f"/api/models{slash}")
        for name in ("b", "c", "a"):
            client.upload(regression(), name)

        answer = client.get(f"/api/models{slash}")

        assert (nothing.status, nothing.json) == (200, {"models": [], "default": None})
        assert (answer.status, answer.json) == (200, {"models": ["a", "b", "c"], "default": "a"})

    def test_a_prediction_without_id_is_not_kept(self, server: Server, client: Client, slash: str) -> None:
        client.init("regression")
        client.upload(regression(), "house")

        answer = client.post(f"/api/predict{slash}", features=HOUSE)

        assert (answer.status, answer.json) == (200, {"model": "house", "prediction": 0.0})
        assert server.database.pending_ids() == set()

    def test_a_prediction_with_id_is_kept(self, server: Server, client: Client, slash: str) -> None:
        client.init("regression")
        client.upload(regression(), "house")

        answer = client.post(f"/api/predict{slash}", features=HOUSE, id="a b/ü", model="house")

        assert (answer.status, answer.json) == (201, {"model": "house", "prediction": 0.0})
        assert server.database.pending_ids() == {"a b/ü"}

    def test_predicting_an_id_again_replaces_what_was_kept(self, client: Client, uploads: Uploads) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        client.upload(uploads.bytes("counting"), "other")
        client.predict(features={"tag": "first"}, id=42)
        client.predict(features={"tag": "second"}, id="42", model="counting")

        answer = client.learn(id=42, ground_truth=0)

        assert answer.status == 201
        assert blobs.loads(client.download("counting")).tags == ["second"]
        assert client.learn(id="42", ground_truth=0).message == "No information stored for ID '42'."

    def test_a_learn_scores_and_forgets_what_was_predicted(
        self, server: Server, client: Client, uploads: Uploads, slash: str
    ) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        client.predict(features={"tag": "kept"}, id=42)
        client.learn(features={"tag": "direct"}, ground_truth=10)

        answer = client.post(f"/api/learn{slash}", id="42", ground_truth=1)

        assert (answer.status, answer.json) == (201, {})
        assert server.database.pending_ids() == set()
        # When 42 was predicted, nothing had been counted.
        assert client.metrics()["MAE"] == (10 + 1) / 2

    def test_an_id_has_precedence_over_features(self, client: Client, uploads: Uploads) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        client.upload(uploads.bytes("counting"), "other")
        client.predict(features={"tag": "kept"}, id=42, model="counting")

        answer = client.learn(id=42, features={"tag": "sent"}, ground_truth=1)

        assert answer.status == 201
        assert blobs.loads(client.download("counting")).tags == ["kept"]
        assert blobs.loads(client.download("other")).tags == []

    @pytest.mark.parametrize("way", ["alone", "array", "stream"])
    def test_a_truth_by_id_may_be_for_another_model(
        self, server: Server, client: Client, uploads: Uploads, way: str
    ) -> None:
        client.init("regression")
        for name in ("counting", "other"):
            client.upload(uploads.bytes("counting"), name)
        client.learn(features={"tag": "before"}, model="other", ground_truth=1)
        client.predict(features={"tag": "kept"}, id=42, model="counting")

        refused, learned = (
            learn_by(way, client, {"id": 42, "model": model, "ground_truth": 5})
            for model in ("nobody", "other")
        )

        assert refused == "No model named 'nobody'."
        assert learned is None
        assert blobs.loads(client.download("counting")).tags == []
        assert blobs.loads(client.download("other")).tags == ["before", "kept"]
        # Its own prediction is scored: it had learned once.
        assert client.metrics("other")["MAE"] == (1 + 4) / 2
        assert server.database.pending_ids() == set()

    def test_metrics_are_of_all_models_or_of_one(self, client: Client, uploads: Uploads, slash: str) -> None:
        client.init("regression")
        for name, truth in (("a", 1), ("b", 3)):
            client.upload(uploads.bytes("counting"), name)
            client.learn(features={}, ground_truth=truth)

        answer = client.get(f"/api/metrics{slash}")

        assert answer.status == 200
        assert list(answer.json) == METRICS["regression"]
        assert answer.json["MAE"] == 2
        assert client.metrics("a")["MAE"] == 1

    def test_stats_are_zero_before_any_call(self, client: Client, slash: str) -> None:
        client.init("regression")

        answer = client.get(f"/api/stats{slash}")

        nothing = {
            "n_calls": 0,
            "mean_duration": 0,
            "mean_duration_human": "0ns",
            "ewm_duration": 0,
            "ewm_duration_human": "0ns",
        }
        assert (answer.status, answer.json) == (200, {"predict": nothing, "learn": nothing})

    def test_stats_count_calls_in_nanoseconds(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.predict(features=HOUSE)

        stats = client.get("/api/stats").json

        assert stats["learn"]["n_calls"] == 0
        assert stats["predict"]["n_calls"] == 1
        assert type(stats["predict"]["mean_duration"]) is type(stats["predict"]["ewm_duration"]) is int
        assert stats["predict"]["mean_duration"] == stats["predict"]["ewm_duration"] > 0
        assert stats["predict"]["mean_duration_human"][0].isdigit()

    def test_the_stream_of_metrics_has_the_newest(
        self, server: Server, client: Client, uploads: Uploads, slash: str
    ) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        with listening(server.port, f"/api/stream/metrics{slash}") as events:
            for truth in (7, 8, 9):
                client.learn(features={}, ground_truth=truth)
            newest = Heard("message", client.metrics())

            assert any(heard == newest for heard in events)

    def test_the_stream_of_events_has_predictions_and_learns(
        self, server: Server, client: Client, uploads: Uploads, slash: str
    ) -> None:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        with listening(server.port, f"/api/stream/events{slash}") as events:
            client.predict(features={"tag": 1.5}, id=1)
            client.learn(id=1, ground_truth=7)

            predicted, learned = next(events), next(events)

        seen = {"model": "counting", "features": {"tag": 1.5}, "prediction": 0}
        assert predicted == Heard("predict", seen)
        assert learned == Heard("learn", {**seen, "ground_truth": 7})

    def test_the_dashboard_is_a_page(self, client: Client) -> None:
        answer = client.get("/")

        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")


class TestFlavors:
    @pytest.mark.parametrize(
        ("flavor", "model", "truth", "prediction"),
        [
            ("regression", regression(), 2.5, 0.0),
            ("binary", binary(), True, {"false": 0.5, "true": 0.5}),
            ("multiclass", naive_bayes.GaussianNB(), "cat", {"cat": 1.0}),
        ],
        ids=["regression", "binary", "multiclass"],
    )
    def test_has_its_prediction_and_its_metrics(
        self, client: Client, flavor: str, model: Any, truth: Any, prediction: Any
    ) -> None:
        client.init(flavor)
        client.upload(model)
        if flavor == "multiclass":
            client.learn(features={"x": 1.0}, ground_truth=truth)

        answer = client.predict(features={"x": 1.0})
        client.learn(features={"x": 1.0}, ground_truth=truth)

        assert answer.json["prediction"] == prediction
        assert list(client.metrics()) == METRICS[flavor]
        assert list(json.loads(client.get("/api/metrics").body)) == METRICS[flavor]

    @pytest.mark.parametrize(
        ("flavor", "model", "missing"),
        [
            ("regression", preprocessing.StandardScaler(), "predict_one"),
            ("regression", preprocessing.StandardScaler() | preprocessing.MinMaxScaler(), "predict_one"),
            ("binary", linear_model.LinearRegression(), "predict_proba_one"),
            ("binary", regression(), "predict_proba_one"),
            ("multiclass", compose.Pipeline(regression()), "predict_proba_one"),
            ("multiclass", 42, "learn_one"),
        ],
        ids=repr,
    )
    def test_looks_at_the_last_step_for_its_methods(
        self, server: Server, client: Client, flavor: str, model: Any, missing: str
    ) -> None:
        client.init(flavor)

        answer = client.request("POST", "/api/model/unfit", pickle.dumps(model))

        assert (answer.status, answer.code) == (400, "model_not_suitable")
        # Help follows.
        assert answer.message.startswith(f"The model does not implement {missing}. ")
        assert f"flavor is '{flavor}': upload a " in answer.message
        if isinstance(model, base.Regressor):
            assert "'regression'" in answer.message
        assert server.database.contents()["models"] == []

    def test_labels_keep_their_kind_through_a_restart(
        self, start: Start, uploads: Uploads, forks: ForkServer
    ) -> None:
        server = start(launcher=forks)
        # Those of one model are of one type: a model each.
        truths = [("booleans", True), ("integers", 2), ("floats", 2.5), ("strings", "cat"), ("strings", "2")]
        truths.append(("booleans", True))
        shares = uploads.load("labelled").shares
        with server.client() as client:
            client.init("multiclass")
            for name, _ in truths[:4]:
                client.upload(uploads.bytes("labelled"), name)
            reported = [
                client.predict(features={}, id=number, model=name).json
                for number, (name, _) in enumerate(truths)
            ]
        server.restart(clean=False)

        with server.client() as client:
            answers = [
                client.learn(id=number, ground_truth=truth, model=name)
                for number, (name, truth) in enumerate(truths)
            ]
            metrics = client.metrics()
            learned = [blobs.loads(client.download(name)).learned for name, _ in truths[:4]]
            refused = client.learn(features={}, ground_truth=2, model="strings")

        assert reported[0]["prediction"] == {"cat": 0.1, "2": 0.2, "2.5": 0.3, "true": 0.4}
        assert {answer.status for answer in answers} == {201}
        assert learned == [
            [("bool", True), ("bool", True)],
            [("int", 2)],
            [("float", 2.5)],
            [("str", "cat"), ("str", "2")],
        ]
        assert (refused.status, refused.code) == (400, "invalid_ground_truth")
        scores = Scores("multiclass")
        for _, truth in truths:
            scores.update(truth, shares)
        assert metrics == scores.values()
        assert metrics["Accuracy"] == 2 / 6

    @pytest.mark.parametrize("shares", [{}, None])
    def test_does_not_score_what_is_no_prediction(
        self, client: Client, uploads: Uploads, shares: dict[str, float] | None
    ) -> None:
        client.init("multiclass")
        client.upload(uploads.bytes("labelled", shares=shares), "labelled")

        reported = client.predict(features={}, id=1)
        direct, by_id = client.learn(features={}, ground_truth="a"), client.learn(id=1, ground_truth="b")

        assert reported.json["prediction"] == shares
        assert (direct.status, by_id.status) == (201, 201)
        assert client.metrics() == Scores("multiclass").values()
        assert blobs.loads(client.download("labelled")).learned == [("str", "a"), ("str", "b")]

    def test_takes_a_tree_that_has_seen_nothing(self, client: Client) -> None:
        client.init("multiclass")
        client.upload(tree.HoeffdingTreeClassifier(), "tree")

        reported = client.predict(features={"x": 1.5}, id=1)

        assert (reported.status, reported.json["prediction"]) == (201, {})
        assert client.learn(id=1, ground_truth="a").status == 201
        assert client.predict(features={"x": 1.5}).json["prediction"] == {"a": 1.0}

    @pytest.mark.parametrize("answer", ["nan", "inf"])
    def test_reports_numbers_that_are_not_finite_as_null(
        self, client: Client, uploads: Uploads, answer: str
    ) -> None:
        client.init("regression")
        client.upload(uploads.bytes("answering"), "answering")

        reported = client.predict(features={"answer": answer}, id=1)
        learned = client.learn(id=1, ground_truth=1)

        assert (reported.status, reported.json["prediction"], learned.status) == (201, None, 201)
        assert client.metrics() == Scores("regression").values()

    def test_hands_the_model_a_copy_of_the_features(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        features = {"parts": [1, 2, 3]}
        client.init("regression")
        client.upload(uploads.bytes("scribbling"), "scribbling")
        with listening(server.port, "/api/stream/events") as events:
            reported = client.predict(features=features, id=1)
            client.learn(id=1, ground_truth=6)
            client.learn(features=features, ground_truth=6)
            heard = [next(events).data["features"] for _ in range(3)]

        assert reported.json["prediction"] == 6
        assert blobs.loads(client.download("scribbling")).seen == [features, features]
        assert heard == [features, features, features]
        assert [learn.x() for learn in server.database.learns("scribbling")] == [features, features]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One request that is refused: by this message, or by one that begins so."""

    name: str
    path: str
    method: str = "POST"
    body: object = None
    status: int = 400
    code: str = "invalid_request"
    message: object = None
    begins: str = ""
    flavor: str = "regression"
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes | None:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes | None) else json.dumps(self.body).encode()


def _post(name: str, path: str, body: object, message: object = None, **more: Any) -> Refusal:
    return Refusal(name=name, path=path, body=body, message=message, **more)


def _wrong(fields: dict[str, object], path: str = "/api/predict") -> Iterator[Refusal]:
    """Fields of a wrong type, each next to what would be right."""
    right: dict[str, object] = {"features": HOUSE} if path == "/api/predict" else {"ground_truth": 1}
    expected = {
        "features": "must be an object or a string",
        "id": "must be an integer or a string",
        "model": "must be a string",
        "flavor": "must be a string",
        "ground_truth": "must be a number, a string, a boolean or an object",
    }
    right = {} if path == "/api/init" else right
    for name, value in fields.items():
        body = {**right, name: value}
        yield _post(f"{path} {name}={value!r}", path, body, {name: [expected[name]]})


_ALLOWED = f"Allowed flavors are {', '.join(map(repr, FLAVORS))}."
_REQUIRED, _UNKNOWN = ["required field"], ["unknown field"]
_FINITE = "must be a finite number"
REFUSALS = [
    _post("unknown flavor", "/api/init", {"flavor": "zugzug"}, _ALLOWED, code="unknown_flavor"),
    # Missing fields, and fields that the route does not know.
    _post("no flavor", "/api/init", {}, {"flavor": _REQUIRED}),
    _post("no features", "/api/predict", {}, {"features": _REQUIRED}),
    _post("no ground truth", "/api/learn", {"id": "pending"}, {"ground_truth": _REQUIRED}),
    _post("unknown in init", "/api/init", {"flavor": "binary", "foo": 1}, {"foo": _UNKNOWN}),
    _post("unknown in predict", "/api/predict", {"features": {}, "foo": 1}, {"foo": _UNKNOWN}),
    _post("unknown in learn", "/api/learn", {"ground_truth": 1, "id": "pending", "x": 1}, {"x": _UNKNOWN}),
    _post("both", "/api/predict", {"foo": 1}, {"features": _REQUIRED, "foo": _UNKNOWN}),
    # Wrong types.
    *_wrong({"flavor": 3}, "/api/init"),
    *_wrong({"features": [1]}),
    *_wrong({"features": None}),
    *_wrong({"id": 1.5, "model": 7}),
    *_wrong({"id": True, "model": None}),
    *_wrong({"id": None}),
    *_wrong({"id": [1], "features": 3}, "/api/learn"),
    *_wrong({"ground_truth": None}, "/api/learn"),
    *_wrong({"ground_truth": [1]}, "/api/learn"),
        # Numbers that are not finite.
    _post("NaN", "/api/predict", b'{"features": {"a": NaN}, "id": 1}', {"features": [f"a: {_FINITE}"]}),
    _post(
        "-Infinity", "/api/predict", b'{"features": {"a": -Infinity}}', {"features": [f"a: {_FINITE}"]}
    ),
    _post(
        "1e999 inside", "/api/predict", b'{"features": {"a": {"b": [0, 1e999]}}}',
        {"features": [f"a.b[1]: {_FINITE}"]},
    ),
    _post(
        "NaN as truth", "/api/learn", b'{"ground_truth": NaN, "id": "pending"}', {"ground_truth": [_FINITE]}
    ),
    # Bodies that are none.
    _post("half a character", "/api/predict", b'{"features":{"a":1},"\\udc00":1}',
          {"\\udc00": ["unknown field"]}),
    _post("half a character to init", "/api/init", b'{"\\ud800":1}',
          {"flavor": ["required field"], "\\ud800": ["unknown field"]}),
    _post("half a character in a feature", "/api/predict", b'{"features":{"\\ud800":1}}',
          {"features": ["\\ud800: must not have half a character in its name"]}),
    _post("half a body", "/api/predict", b'{"features": {', begins="The body is not valid JSON: "),
    _post("no body", "/api/learn", b"", begins="The body is not valid JSON: "),
    _post("no UTF-8", "/api/predict", b'{"features": {"a": "\xff"}}', begins="features: not valid JSON: "),
    # Predict and learn take a list too: of records.
    _post("a list", "/api/init", [1], "The body must be a JSON object."),
    _post("a number", "/api/predict", 7, "The body must be a JSON object."),
    _post("a string", "/api/init", "binary", "The body must be a JSON object."),
    _post("nested deeply", "/api/predict", b'{"features": ' + b"[" * 100_000, begins="The body "),
    # Models.
    _post("not a pickle", "/api/model/new", b"garbage", code="model_not_readable",
          begins="The model cannot be unpickled: "),
    _post("nothing", "/api/model", b"", code="model_not_readable", begins="The body is empty"),
    _post(
        "class of a script", "/api/model/new", b"\x80\x04\x8c\x08__main__\x94\x8c\x07Nowhere\x94\x93\x94.",
        code="model_not_readable", begins="The model cannot be unpickled: ",
    ),
    _post("half a pickle", "/api/model/house", pickle.dumps(regression())[:-9], code="model_not_readable",
          begins="The model cannot be unpickled: "),
    _post("unfit in place of fit", "/api/model/house", pickle.dumps(preprocessing.StandardScaler()),
          begins="The model does not implement predict_one. ", code="model_not_suitable"),
    _post("no name", "/api/model/%20x", pickle.dumps(regression()), code="invalid_model_name",
          begins="name: must not begin or end with a space, nor have control characters, "),
    # Models that do not exist.
    _post("predict by nobody", "/api/predict", {"features": {}, "id": 1, "model": "x"}, "No model named 'x'.",
          code="model_not_found"),
    _post("learn by nobody", "/api/learn", {"features": {}, "ground_truth": 1, "model": "x"},
          "No model named 'x'.", code="model_not_found"),
    Refusal(name="download of nobody", path="/api/model/x", method="GET", status=404, code="model_not_found",
            message="No model named 'x'."),
    Refusal(name="metrics of nobody", path="/api/metrics?model=x", method="GET", status=404,
            code="model_not_found", message="No model named 'x'."),
    # Learns.
    _post("not pending", "/api/learn", {"id": 42, "ground_truth": 1}, "No information stored for ID '42'.",
          code="prediction_not_pending"),
    _post("not pending, with features", "/api/learn", {"id": "42", "features": HOUSE, "ground_truth": 1},
          "No information stored for ID '42'.", code="prediction_not_pending"),
    _post("neither id nor features", "/api/learn", {"ground_truth": 1},
          "No features are stored and none were provided.", code="no_features"),
    *[
        _post(f"{flavor} truth {truth!r} {how}", "/api/learn", {**target, "ground_truth": truth},
              {"ground_truth": [reason]}, code="invalid_ground_truth", flavor=flavor)
        for flavor, truth, reason in [
            ("regression", "tall", "must be a number for a regression"),
            ("regression", "true", "must be a number for a regression"),
            ("binary", "yes", "must be true or false (or 1 or 0) for a binary classification"),
            ("binary", 2, "must be true or false (or 1 or 0) for a binary classification"),
            ("multiclass", 10**400, "must fit in a float"),
        ]
        for how, target in (("by id", {"id": "pending"}), ("by features", {"features": HOUSE}))
    ],
    # Models that raise.
    _post("raises in predict", "/api/predict", {"features": {"bad_predict": 1}, "id": 1, "model": "fragile"},
          "ValueError('no prediction of this')", code="model_raised"),
    _post("raises in the predict of a learn", "/api/learn",
          {"features": {"bad_predict": 1}, "ground_truth": 1, "model": "fragile"},
          "ValueError('no prediction of this')", code="model_raised"),
    _post("raises in learn", "/api/learn", {"features": {"bad": 1}, "ground_truth": 1, "model": "fragile"},
          "ValueError('halfway')", code="model_raised"),
    _post("raises in learn by id", "/api/learn", {"id": "bad", "ground_truth": 1}, "ValueError('halfway')",
          code="model_raised"),
    _post("leaves", "/api/learn", {"features": {"leave": 1}, "ground_truth": 1, "model": "fragile"},
          "SystemExit('the model would leave')", code="model_raised"),
    _post("River's own raises", "/api/predict", {"features": {"rooms": "many"}}, code="model_raised",
          begins="TypeError("),
    _post("River's own raises in learn", "/api/learn", {"id": "text", "ground_truth": 1}, code="model_raised",
          begins="TypeError("),
    # What other flavors take, and a flavor that is none.
    _post("a horizon for a regression", "/api/predict", {"features": HOUSE, "horizon": 3, "id": "new"},
          {"horizon": ["not taken by the flavor 'regression'"]}),
    _post("a user for a regression", "/api/learn", {"features": HOUSE, "user": "ann", "ground_truth": 1},
          {"user": ["not taken by the flavor 'regression'"]}),
    _post("unknown flavor of an upload", "/api/model/new?flavor=zugzug", pickle.dumps(regression()), _ALLOWED,
          code="unknown_flavor"),
    # Addresses.
    Refusal(name="unknown parameter", path="/api/metrics?modle=house", method="GET",
            begins="modle: unknown parameter"),
    _post("unknown parameter of a predict", "/api/predict?id=1", {"features": HOUSE},
          begins="id: unknown parameter"),
    Refusal(name="no such route", path="/api/nothing", method="GET", status=404, code="not_found",
            message="There is nothing at this address."),
    Refusal(name="no such method", path="/api/predict", method="GET", status=405, code="method_not_allowed",
            message='Method "GET" not allowed.'),
]  # fmt: skip


@dataclass
class Settled:
    """The flavor that the refusals' server is set up for: it stays, since they change nothing."""

    flavor: str | None = None


@pytest.fixture(scope="module")
def settled() -> Settled:
    return Settled()


def settle(client: Client, uploads: Uploads, flavor: str) -> None:
    """Set up an instance that has something to lose: models, learns, and predictions that are pending."""
    client.init(flavor)
    if flavor == "regression":
        client.upload(uploads.bytes("fragile"), "fragile")
        for number in (1, 2):
            client.learn(features={"n": number}, ground_truth=number)
        client.predict(features={"bad": True}, id="bad")
        client.upload(regression(), "plain")
        client.learn(features={"word": 1}, ground_truth=1)
        client.predict(features={"word": 1})
        # A scaler without variance looks at no value: this one is found out when it learns.
        client.predict(features={"word": "many"}, id="text")
    model, truth = {
        "regression": (regression(), 3.5),
        "binary": (binary(), True),
        "multiclass": (naive_bayes.GaussianNB(), "cat"),
    }[flavor]
    client.upload(model, "house")
    for rooms in (1, 2, 3):
        client.learn(features={**HOUSE, "rooms": rooms}, ground_truth=truth)
    client.predict(features=HOUSE, id="pending")


def _in_one_line(message: Any) -> str:
    """Return a message, with the field before its reason where it has fields."""
    if isinstance(message, str):
        return message
    return "; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in message.items())


class TestRefusals:
    @pytest.fixture
    def prepared(self, client: Client, uploads: Uploads, settled: Settled, refusal: Refusal) -> Client:
        if settled.flavor != refusal.flavor:
            settle(client, uploads, refusal.flavor)
            settled.flavor = refusal.flavor
        return client

    @pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
    def test_say_why_and_change_nothing(self, server: Server, prepared: Client, refusal: Refusal) -> None:
        before = state(server, prepared)

        answer = prepared.request(refusal.method, refusal.path, refusal.encoded(), refusal.headers)

        assert (answer.status, answer.code) == (refusal.status, refusal.code)
        assert answer.headers["content-type"] == "application/json"
        if refusal.begins:
            reason = _in_one_line(answer.message)
            assert reason.startswith(refusal.begins)
            assert "\n" not in reason
        else:
            assert answer.message == refusal.message
        assert state(server, prepared) == before

    def test_of_the_default_model_where_there_is_none(self, server: Server, client: Client) -> None:
        client.init("regression")

        answers = [
            client.predict(features=HOUSE, id=1),
            client.learn(features=HOUSE, ground_truth=1),
            client.get("/api/model"),
        ]

        assert [(answer.status, answer.code) for answer in answers] == [(400, "no_default_model")] * 3
        assert {answer.message for answer in answers} == {"No default model has been set."}
        assert server.database.contents()["pending"] == []

    def test_of_everything_that_needs_a_flavor(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            answers = [
                client.get("/api/init"),
                client.request("POST", "/api/model", pickle.dumps(regression())),
                client.request("POST", "/api/model/house/", b"garbage"),
                client.get("/api/metrics"),
                client.get("/api/metrics?model=house"),
                client.get("/api/stats"),
            ]

        assert [(answer.status, answer.code) for answer in answers] == [(400, "flavor_not_set")] * 6
        assert {answer.message for answer in answers} == {"No flavor has been set."}
        assert server.database.contents() == {
            "models": [], "snapshots": [], "segments": [], "pending": [], "configuration": [],
        }  # fmt: skip


#: Of each flavor beyond chantilly's: the route, what is sent, and the field that is named.
FOREIGN: list[tuple[str, str, dict[str, object], str]] = [
    ("label", "learn", {"features": {}, "ground_truth": [1]}, "ground_truth"),
    ("multioutput", "learn", {"features": {}, "ground_truth": 2.5}, "ground_truth"),
    ("multioutput", "learn", {"features": {}, "ground_truth": {"a": "x"}}, "ground_truth"),
    ("multilabel", "learn", {"features": {}, "ground_truth": {"a": 2}}, "ground_truth"),
    ("anomaly", "predict", {}, "features"),
    ("anomaly", "learn", {"features": {}, "ground_truth": "yes"}, "ground_truth"),
    ("supervised_anomaly", "predict", {"features": {}}, "observed"),
    ("supervised_anomaly", "learn", {"features": {}, "observed": "x"}, "observed"),
    ("forecasting", "predict", {"horizon": 0}, "horizon"),
    ("forecasting", "predict", {"features": {}}, "features"),
    ("forecasting", "predict", {"horizon": 2, "xs": [{}]}, "xs"),
    ("forecasting", "learn", {"ground_truth": True}, "ground_truth"),
    ("recommendation", "predict", {"user": "ann"}, "item"),
    ("recommendation", "predict", {"user": 1.5, "item": 1}, "user"),
    ("recommendation", "predict", {"user": "ann", "items": []}, "items"),
    ("clustering", "predict", {}, "features"),
    ("clustering", "learn", {"features": {}, "ground_truth": {"a": 1}}, "ground_truth"),
    ("bandit", "predict", {}, "arms"),
    ("bandit", "predict", {"arms": []}, "arms"),
    ("bandit", "learn", {"arms": ["a"], "ground_truth": 1.0}, "arm"),
    ("transform", "predict", {}, "features"),
    ("transform", "predict", {"features": {}, "t": 5}, "t"),
    ("statistic", "predict", {"user": "ann"}, "user"),
    ("statistic", "learn", {"ground_truth": {"y": 1}}, "ground_truth"),
    ("drift", "predict", {"horizon": 1}, "horizon"),
    ("drift", "learn", {"ground_truth": "cat"}, "ground_truth"),
]


class TestFlavorsBeyondChantilly:
    def test_are_all_here(self) -> None:
        assert {flavor for flavor, *_ in FOREIGN} == FLAVORS.keys() - METRICS.keys()

    def test_refuse_what_is_not_theirs_by_its_field_and_change_nothing(
        self, server: Server, client: Client
    ) -> None:
        client.init("regression")
        for flavor in dict.fromkeys(flavor for flavor, *_ in FOREIGN):
            data = pickle.dumps(MODELS[flavor]())
            uploaded = client.request("POST", f"/api/model/{flavor}?flavor={flavor}", data)
            assert (uploaded.status, uploaded.json["flavor"]) == (201, flavor)
        before = state(server, client)

        answers = [client.post(f"/api/{route}", model=flavor, **body) for flavor, route, body, _ in FOREIGN]

        for (flavor, _, body, named), answer in zip(FOREIGN, answers, strict=True):
            assert (answer.status, named in answer.message) == (400, True), (flavor, body, answer)
            assert answer.code in ("invalid_request", "invalid_ground_truth")
        assert state(server, client) == before


JSON_LIMIT, MODEL_LIMIT = 1000, 5000


@pytest.fixture(scope="module")
def small(template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer) -> Iterator[Server]:
    """A server that takes little."""
    limits = {"MAX_BODY_BYTES": str(JSON_LIMIT), "MAX_MODEL_BYTES": str(MODEL_LIMIT)}
    server = Server(template, tmp_path_factory.mktemp("small"), forks, **limits)
    server.start()
    with server.client() as client:
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "house")
        client.predict(features=HOUSE, id=1)
    yield server
    server.close()
    assert server.complaints == []


class TestLimits:
    @pytest.mark.parametrize(
        ("path", "limit"),
        [("/api/predict", JSON_LIMIT), ("/api/learn", JSON_LIMIT), ("/api/model/big", MODEL_LIMIT)],
    )
    @pytest.mark.parametrize("chunked", [False, True])
    def test_refuse_a_body_above_them(self, small: Server, path: str, limit: int, chunked: bool) -> None:
        with small.client() as client:
            before = state(small, client)
            connection = http.client.HTTPConnection("127.0.0.1", small.port, timeout=30)
            body = [b"x" * 700] * (limit // 700 + 1)

            connection.request("POST", path, iter(body) if chunked else b"".join(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
            connection.close()

            assert (response.status, response.getheader("Error-Code")) == (413, "body_too_large")
            assert answer == {"message": f"The body must not exceed {limit} bytes."}
            assert state(small, client) == before

    def test_admit_a_body_at_them(self, small: Server) -> None:
        def filled(size: int) -> bytes:
            text = json.dumps({"features": {"x": 1}, "id": ""})
            return text.encode().ljust(size)

        with small.client() as client:
            at = client.request("POST", "/api/predict", filled(JSON_LIMIT))
            above = client.request("POST", "/api/predict", filled(JSON_LIMIT + 1))

        assert (at.status, above.status) == (201, 413)


class TestUnavailable:
    def test_a_locked_database_refuses_writes_and_keeps_what_is_there(
        self, start: Start, forks: ForkServer
    ) -> None:
        server = start(launcher=forks, DATABASE_TIMEOUT="0.2")
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            client.predict(features=HOUSE, id="pending")
            client.learn(features=HOUSE, ground_truth=2)
            before = state(server, client)
            with server.database.locked():
                refused = [
                    client.learn(id="pending", ground_truth=3),
                    client.learn(features=HOUSE, ground_truth=3),
                    client.predict(features=HOUSE, id="new"),
                    client.request("POST", "/api/model/new", pickle.dumps(regression())),
                    client.request("DELETE", "/api/model/house"),
                    client.post("/api/init", flavor="binary"),
                    client.get("/readyz"),
                ]
                reads = [client.predict(features=HOUSE), client.get("/api/metrics"), client.get("/healthz")]

            assert [(answer.status, answer.code) for answer in refused] == [(503, "storage_unavailable")] * 7
            assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
            assert all("locked" in answer.message or "busy" in answer.message for answer in refused)
            assert [answer.status for answer in reads] == [200] * 3
            assert state(server, client) == before
            assert client.learn(id="pending", ground_truth=3).status == 201
            assert server.database.pending_ids() == set()
            assert server.database.seq("house") == 2


class TestUnforeseen:
    def test_is_an_internal_error_with_an_id_that_the_log_has(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        server.may_complain = True
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            client.learn(features=HOUSE, ground_truth=1)
            client.predict(features=HOUSE, id=1)
        # A server that remembers the prediction does not look at the row.
        server.restart(clean=True)
        with server.client() as client:
            # Nothing in the program writes such a row.
            server.database.rows("UPDATE models_app_pendingprediction SET prediction = 'damaged'")
            before = state(server, client)

            answer = client.learn(id=1, ground_truth=2)

            assert (answer.status, answer.code) == (500, "internal_error")
            assert answer.message.startswith("Internal error.")
            error_id = answer.message.removesuffix(")").split("id ")[1]
            assert f"internal error {error_id}" in server.log
            assert "Traceback" not in answer.message
            assert state(server, client) == before
            assert client.learn(features=HOUSE, ground_truth=2).status == 201
