"""Flavors that other packages bring."""

import pickle
import subprocess
import sys
from pathlib import Path

from river import dummy, linear_model, stats

from tests.servers.conftest import Start
from tests.servers.launchers import ROOT, environment
from tests.servers.packages import install, install_documented
from tests.servers.servers import Server

#: Of 2, 2, 3 and 4, each predicted as the mean of those before it: 0, 2, 2 and 2.
SCORES = {"Accuracy": 0.25, "MAE": 1.25}


def counting() -> bytes:
    return pickle.dumps(dummy.StatisticRegressor(stats.Mean()))


def manage(server: Server, command: str) -> str:
    """Return what a command says, in a process that begins with the server's packages."""
    variables = environment(server.instance, **server.settings)
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout + done.stderr


def beside(server: Server, folder: Path) -> None:
    """Have a server find the packages in a folder from its next start on."""
    server.settings["PYTHONPATH"] = str(folder)


class TestPackage:
    def test_is_served_as_the_documents_say(self, start: Start, tmp_path: Path) -> None:
        install_documented(tmp_path)
        server = start(PYTHONPATH=str(tmp_path))
        with server.client() as client:
            answer = client.request("POST", "/api/model/m?flavor=counting", counting())
            assert (answer.status, answer.json) == (201, {"name": "m", "flavor": "counting"})
            for number, count in enumerate([2, 2, 3, 4]):
                assert client.predict(model="m", id=number, features={"x": 1}).status == 201
                assert client.learn(id=number, ground_truth=count).status == 201
            assert client.predict(model="m", features={"x": 1}).json["prediction"] == 3
            refused = client.learn(model="m", features={"x": 1}, ground_truth=-1)
            assert refused.message == {"ground_truth": ["must be a count: 0, 1, 2, ..."]}
            assert client.metrics("m") == SCORES
            assert client.get("/models/m/").status == 200
        server.restart(clean=False)

        with server.client() as client:
            assert client.metrics("m") == SCORES
            assert client.get("/api/metrics?flavor=counting").json == client.metrics("m")
            assert client.get("/readyz").json.get("warnings") in (None, [])
        assert "m: equal" in manage(server, "verify_journal")

    def test_that_is_gone_keeps_the_others_from_nothing(self, start: Start, tmp_path: Path) -> None:
        install_documented(tmp_path)
        server = start(PYTHONPATH=str(tmp_path))
        with server.client() as client:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "other")
            client.request("POST", "/api/model/m?flavor=counting", counting())
            client.learn(model="m", features={"x": 1}, ground_truth=3)
            client.learn(model="other", features={"x": 1}, ground_truth=3)
            before = client.metrics()
        beside(server, tmp_path / "nothing")
        server.restart(clean=True)

        with server.client() as client:
            gone = client.predict(model="m", features={"x": 1})
            assert (gone.status, gone.code) == (503, "model_not_loadable")
            assert "Allowed flavors are 'regression'" in gone.message
            assert client.learn(model="other", features={"x": 1}, ground_truth=3).status == 201
            assert client.get("/api/models").json["models"] == ["m", "other"]
            assert client.metrics() != before
        beside(server, tmp_path)
        server.restart(clean=True)

        with server.client() as client:
            assert client.predict(model="m", features={"x": 1}).json["prediction"] == 3
            assert client.metrics("m") == {"Accuracy": 0.0, "MAE": 3.0}
            assert client.get("/api/metrics?flavor=counting").status == 200

    def test_that_is_broken_is_a_line_in_the_log_and_no_more(self, start: Start, tmp_path: Path) -> None:
        install(tmp_path, "broken", "raise RuntimeError('no\\nluck')\n", {"broken": "broken:BROKEN"})
        server = start(PYTHONPATH=str(tmp_path))
        line = (
            "The entry point of chantilly.paradigms is left out: broken = broken:BROKEN: "
            "it raises RuntimeError: no luck"
        )

        with server.client() as client:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "m")
            assert client.get("/readyz").json["warnings"] == [line]
        assert server.log.count(line) == 1
        assert f"(models_app.W002) {line}" in manage(server, "check")
