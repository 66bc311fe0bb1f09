"""A model that only predicts, served read-only on a real server."""

from typing import Any

import dill

from tests.servers.clients import Client
from tests.servers.conftest import Start


class Doubling:
    """It has no `learn_one`."""

    def predict_one(self, x: dict[str, Any]) -> float:
        return 2.0 * float(x.get("x", 0.0))


def doubling() -> bytes:
    # By value: the server has no such module.
    data: bytes = dill.dumps(Doubling(), byref=False, recurse=True)
    return data


def truths(client: Client, numbers: range) -> None:
    for number in numbers:
        assert client.predict(model="frozen", id=str(number), features={"x": number}).status == 201
        assert client.learn(id=str(number), ground_truth=2 * number + number % 2).status == 201


class TestAModelThatOnlyPredicts:
    def test_is_refused_by_the_name_of_the_parameter_and_then_served_through_kill_9(
        self, start: Start
    ) -> None:
        server = start()
        with server.client() as client:
            refused = client.request("POST", "/api/model/frozen?flavor=regression", doubling())
            odd = client.request("POST", "/api/model/frozen?flavor=regression&read_only=yes", doubling())
            nothing = client.get("/api/models").json["models"]
            uploaded = client.request(
                "POST", "/api/model/frozen?flavor=regression&read_only=true", doubling()
            )
            truths(client, range(10))

        assert (refused.status, refused.code) == (400, "model_not_suitable")
        assert "does not implement learn_one" in refused.message
        assert "upload it with read_only=true" in refused.message
        assert odd.message == {"read_only": ["must be 'true' or 'false'"]}
        assert nothing == []
        assert (uploaded.status, uploaded.json) == (201, {"name": "frozen", "flavor": "regression"})

        server.restart(clean=False)
        with server.client() as client:
            assert client.predict(model="frozen", features={"x": 21}).json["prediction"] == 42.0
            truths(client, range(10, 20))
            (details,) = client.get("/api/models?details=1").json["details"]
            stats = client.get("/api/stats?model=frozen").json
            page = client.get("/models/frozen/").body.decode()
            found = client.metrics("frozen")
        assert (details["read_only"], details["learns"], details["pending"]) == (True, 20, 0)
        assert [remark["code"] for remark in stats["remarks"]] == ["read_only"]
        assert "It is read-only: it predicts, and learns nothing." in page
        assert found["MAE"] == 0.5

        rolled_back = server.manage("roll_back", "frozen", "--seq", "0")
        assert rolled_back.returncode == 0, rolled_back.stderr
        with server.client() as client:
            assert client.learn(model="frozen", features={"x": 1}, ground_truth=5).status == 201
            assert client.metrics("frozen")["MAE"] == 3.0
        replayed = server.manage("replay", "frozen", "--generation", "1")
        assert replayed.returncode == 0, replayed.stderr
        assert server.stop() == 0
        verified = server.manage("verify_journal")
        assert (verified.returncode, verified.stdout.split(" ")[:2]) == (0, ["frozen:", "equal"])
