"""Who may not: whoever writes to the database without the secret key."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from river import linear_model

from models_app.domain import blobs
from tests.servers.servers import Server

FEATURES = {"x": 1.5}


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._path), "w")


@pytest.fixture(scope="module")
def learned(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance with a model that has learned; its server was stopped."""
    server = Server(template, tmp_path_factory.mktemp("learned"))
    server.start()
    with server.client() as client:
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "house")
        for number in range(3):
            client.learn(features=FEATURES, ground_truth=number)
        client.predict(features=FEATURES, id="pending")
    assert server.stop() == 0
    assert server.database.snapshot_seqs("house") == [0, 3]
    return server.instance


class TestStoredBytes:
    @pytest.fixture
    def stopped(self, learned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        """A server of a copy, to be started."""
        server = Server(learned, tmp_path_factory.mktemp("stopped"))
        yield server
        server.close()
        assert server.complaints == []

    @pytest.mark.parametrize("column", ["model_bytes", "metrics_bytes"])
    def test_that_were_tampered_with_are_not_unpickled(
        self, stopped: Server, column: str, tmp_path: Path
    ) -> None:
        bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
        data = blobs.compress(bomb) if column == "model_bytes" else bomb
        stopped.database.rows(f"UPDATE models_app_snapshot SET {column} = ?", data)

        stopped.start()
        with stopped.client() as client:
            answers = [
                client.predict(features=FEATURES),
                client.learn(features=FEATURES, ground_truth=1),
                client.learn(id="pending", ground_truth=1),
                client.get("/api/model/house"),
                client.get("/api/metrics?model=house"),
            ]
            listed = client.get("/api/models")

        assert [(answer.status, answer.code) for answer in answers] == [(503, "model_not_loadable")] * 5
        assert all("signature" in answer.message for answer in answers)
        assert listed.json["models"] == ["house"]
        assert stopped.database.pending_ids() == {"pending"}
        assert not (tmp_path / "exploded").exists()

    def test_that_were_tampered_with_give_way_to_the_snapshot_before(
        self, stopped: Server, tmp_path: Path
    ) -> None:
        bomb = blobs.compress(pickle.dumps(Bomb(tmp_path / "exploded")))
        stopped.database.rows("UPDATE models_app_snapshot SET model_bytes = ? WHERE seq = 3", bomb)

        stopped.start()
        with stopped.client() as client:
            answer = client.learn(id="pending", ground_truth=3)
            model = pickle.loads(client.download("house"))

        assert answer.status == 201
        bare = linear_model.LinearRegression()
        for number in range(4):
            bare.learn_one(FEATURES, number)
        assert model.weights == bare.weights
        assert not (tmp_path / "exploded").exists()

    def test_of_another_snapshot_do_not_stand_in(self, stopped: Server) -> None:
        stopped.database.rows(
            "UPDATE models_app_snapshot SET "
            "model_bytes = (SELECT model_bytes FROM models_app_snapshot WHERE seq = 3), "
            "metrics_bytes = (SELECT metrics_bytes FROM models_app_snapshot WHERE seq = 3), "
            "signature = (SELECT signature FROM models_app_snapshot WHERE seq = 3)"
        )
        stopped.database.rows("DELETE FROM models_app_snapshot WHERE seq = 3")

        stopped.start()
        with stopped.client() as client:
            answer = client.predict(features=FEATURES)

        assert (answer.status, answer.code) == (503, "model_not_loadable")

    def test_metrics_that_were_tampered_with_are_not_unpickled(self, stopped: Server, tmp_path: Path) -> None:
        bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
        stopped.database.rows("UPDATE models_app_flavormetrics SET metrics_bytes = ?", bomb)

        stopped.start()
        with stopped.client() as client:
            answer = client.get("/api/metrics")
            predicted = client.predict(features=FEATURES)

        assert (answer.status, answer.code) == (503, "model_not_loadable")
        assert "signature" in answer.message
        assert predicted.status == 200
        assert not (tmp_path / "exploded").exists()

    @pytest.mark.parametrize(
        ("column", "title"),
        [("river_version", "River"), ("python_version", "Python"), ("numpy_version", "numpy")],
    )
    def test_from_other_versions_are_refused_by_name(self, stopped: Server, column: str, title: str) -> None:
        stopped.database.rows(f"UPDATE models_app_snapshot SET {column} = '0.9.1'")

        stopped.start()
        with stopped.client() as client:
            answer = client.predict(features=FEATURES)

        assert (answer.status, answer.code) == (503, "model_not_loadable")
        assert f"{title} 0.9.1 (here " in answer.message

    def test_under_another_secret_key_are_refused(self, stopped: Server) -> None:
        stopped.settings["SECRET_KEY"] = "another secret key, and long enough to be one"

        stopped.start()
        with stopped.client() as client:
            answer = client.predict(features=FEATURES)

        assert (answer.status, answer.code) == (503, "model_not_loadable")
        assert "secret key" in answer.message
