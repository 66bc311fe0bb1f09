"""Uploads that crash, hang or are not suitable cost one error, and nobody else anything."""

import pickle
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from river import ensemble, feature_extraction, linear_model, preprocessing

from models_app.domain import upload_keys
from tests.servers.clients import Answer, Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server, run_manage
from tests.services.trials.evil import Learning, Unpickled


def upload(client: Client, model: Any, name: str = "model") -> Answer:
    data = model if isinstance(model, bytes) else pickle.dumps(model)
    return client.request("POST", f"/api/model/{name}", data)


@pytest.fixture
def voting() -> Any:
    two = [linear_model.LogisticRegression(), linear_model.Perceptron()]
    return preprocessing.StandardScaler() | ensemble.VotingClassifier(two)


class TestUpload:
    @pytest.mark.parametrize(
        ("model", "code", "reported"),
        [
            (Unpickled("import os; os._exit(0)"), "model_not_readable", "exit code 0"),
            (Unpickled("import os; os.kill(os.getpid(), 11)"), "model_not_readable", "SIGSEGV"),
            (Unpickled("bytearray(2**40)"), "model_not_readable", "UPLOAD_MEMORY"),
            (Learning("import os; os.kill(os.getpid(), 6)"), "model_not_suitable", "SIGABRT"),
            (linear_model.LinearRegression, "model_not_suitable", "is the class LinearRegression"),
            (linear_model.LogisticRegression(), "model_not_suitable", "'binary' and 'multiclass'"),
            (b"--b0\r\nContent-Disposition: form-data\r\n\r\n", "model_not_readable", "--data-binary"),
        ],
        ids=lambda value: re.sub(r" at 0x[0-9a-f]+", "", repr(value)),
    )
    def test_that_is_refused_leaves_no_trace(
        self, server: Server, client: Client, model: Any, code: str, reported: str
    ) -> None:
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "model")
        before = server.database.contents()

        answer = upload(client, model)

        assert (answer.status, answer.code) == (400, code)
        assert reported in answer.message
        assert server.database.contents() == before
        assert client.predict(features={"a": 1.0}).status == 200

    def test_of_a_model_that_breaks_at_a_restart_is_refused(self, client: Client) -> None:
        client.init("binary")

        answer = upload(client, feature_extraction.RandomTreesEmbedding() | linear_model.LogisticRegression())

        assert (answer.status, answer.code) == (400, "model_not_suitable")
        assert "does not survive its own pickle" in answer.message

    def test_of_a_classifier_without_probabilities_is_served_by_label(
        self, start: Start, voting: Any
    ) -> None:
        server = start()
        with server.client() as client:
            client.init("multiclass")
            client.upload(voting, "voting")
            first = client.predict(features={"a": 0.5}).json["prediction"]
            for number in range(20):
                client.predict(features={"a": number % 2}, id=number)
                assert client.learn(id=number, ground_truth=number % 2 == 0).status == 201
            answer = client.predict(features={"a": 1.0})
            metrics, over_all = client.metrics("voting"), client.metrics()
            reported = client.get("/api/stats?model=voting").json["remarks"]
            page = client.get("/models/voting/").body.decode()
        server.kill()
        server.start()
        with server.client() as client:
            again = client.predict(features={"a": 1.0})
            assert client.metrics("voting") == metrics

        assert first in (None, True, False)
        assert answer.json == again.json
        assert type(answer.json["prediction"]) is bool
        assert "CrossEntropy" not in metrics
        assert over_all["Accuracy"] == metrics["Accuracy"]
        assert [remark["code"] for remark in reported] == ["no_probabilities"]
        assert "CrossEntropy" in reported[0]["message"]
        assert reported[0]["message"] in page

    def test_that_hangs_keeps_nobody_waiting(self, start: Start) -> None:
        server = start(UPLOAD_SECONDS="4")
        hanging = pickle.dumps(Unpickled("import time; time.sleep(99)"))
        with server.client() as client, ThreadPoolExecutor(24) as pool:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "model")

            def hang(_: int) -> Answer:
                with server.client() as own:
                    return upload(own, hanging, "hanging")

            uploads = [pool.submit(hang, number) for number in range(24)]
            while not any(one.done() for one in uploads):
                # Too many at once: the last are refused at once.
                time.sleep(0.01)
            answers = [
                client.get(path) for path in ("/readyz", "/api/models", "/api/metrics", "/api/model/model")
            ]
            predicted = client.predict(features={"a": 1.0})
            n_done = sum(one.done() for one in uploads)
            outcomes = [one.result() for one in uploads]

        assert [answer.status for answer in (*answers, predicted)] == [200] * 5
        assert n_done <= 8
        busy = [answer for answer in outcomes if answer.code == "uploads_busy"]
        assert len(busy) == 8
        assert all(answer.status == 503 and answer.headers["retry-after"] == "1" for answer in busy)
        assert {answer.status for answer in outcomes} == {400, 503}


class TestAddModel:
    def test_says_what_there_is_to_know(
        self, server: Server, client: Client, voting: Any, tmp_path: Any
    ) -> None:
        client.init("binary")
        file = tmp_path / "voting.pickle"
        file.write_bytes(pickle.dumps(voting))

        done = run_manage(server.instance, "add_model", str(file), "--name", "voting")

        assert (done.returncode, done.stdout) == (0, "voting\n")
        assert "LogLoss" in done.stderr


def test_without_the_signature_of_a_key_that_is_known_are_refused(start: Start, forks: ForkServer) -> None:
    key = upload_keys.new_key()
    known = f"ci={upload_keys.public_text(key)}"
    server = start(launcher=forks, UPLOAD_KEYS=known, UPLOAD_SIGNATURES="required")
    model = pickle.dumps(linear_model.LinearRegression())

    def send(signature: str | None, name: str = "prices") -> Answer:
        headers = {} if signature is None else {"Model-Signature": signature}
        path = f"/api/model/{name}?flavor=regression"
        with server.client() as client:
            return client.request("POST", path, model, headers)

    signed = upload_keys.sign(model, name="prices", private=key)
    for refused in (send(None), send("x"), send(signed, name="other")):
        assert (refused.status, refused.code) == (403, "upload_not_signed")
    assert send(signed).status == 201
    with server.client() as client:
        [entry] = client.request("GET", "/api/audit?action=upload").json["entries"]
        assert entry["details"]["signed_by"] == "ci"
