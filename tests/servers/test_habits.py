"""Models that draw, change when they predict or look at the clock answer the same after every restart."""

from typing import Any

from river import compat, facto, feature_selection, linear_model, preprocessing
from sklearn.linear_model import SGDRegressor
from sklearn.neural_network import MLPClassifier

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server
from tests.servers.uploads import Uploads


def features(i: int) -> dict[str, Any]:
    # Some come later: what is new has a model draw.
    return {"a": float(i % 7), "b": i / 10} | ({"c": 1.0} if i % 5 == 4 else {})


def answers(server: Server, names: list[str], n: int = 10) -> dict[str, list[Any]]:
    with server.client() as client:
        return {
            name: [client.predict(model=name, features=features(i)).json["prediction"] for i in range(n)]
            for name in names
        }


def teach(client: Client, names: list[str], truths: list[Any]) -> None:
    """Have models learn, with three predictions a learn."""
    for i, y in enumerate(truths):
        for name in names:
            for other in (0, 3):
                assert client.predict(model=name, features=features(i + other)).status == 200
            assert client.predict(model=name, features=features(i), id=f"{name} {i}").status == 201
            assert client.learn(id=f"{name} {i}", ground_truth=y).status == 201


def test_a_network_that_draws_its_weights(start: Start, forks: ForkServer) -> None:
    server = start(launcher=forks)
    network = compat.convert_sklearn_to_river(MLPClassifier((4,)), classes=[False, True])
    with server.client() as client:
        client.init("binary")
        client.upload(preprocessing.StandardScaler() | network, "network")
        teach(client, ["network"], [i % 3 == 0 for i in range(30)])
    before = answers(server, ["network"])

    found = []
    for clean in (False, False, True):
        server.restart(clean=clean)
        found.append(answers(server, ["network"]))

    assert found == [before] * 3
    assert server.manage("verify_journal").stdout.startswith("network: equal")


def test_models_of_every_habit(start: Start, forks: ForkServer, uploads: Uploads) -> None:
    server = start(launcher=forks, SNAPSHOT_MIN_SECONDS="0.02")
    chooser = feature_selection.PoissonInclusion(p=0.3, seed=42)
    models: dict[str, object] = {
        "chooser": chooser | preprocessing.StandardScaler() | linear_model.LinearRegression(),
        "factors": facto.FMRegressor(seed=1),
        "shuffled": compat.convert_sklearn_to_river(SGDRegressor()),
        **{name: uploads.bytes(name) for name in ("drawing", "asked", "stamping")},
    }
    with server.client() as client:
        client.init("regression")
        for name, model in models.items():
            client.upload(model, name)
        teach(client, list(models), [float(i % 11) for i in range(20)])
    before = answers(server, list(models))

    found = []
    for clean in (False, True, False):
        server.restart(clean=clean)
        found.append(answers(server, list(models)))

    assert found == [before] * 3
    # A prediction sees what it changes itself.
    assert before["asked"] == [2001] * 10
    assert before["stamping"][0] > 1_700_000_000
    verified = server.manage("verify_journal").stdout.splitlines()
    assert [line.partition(" (")[0] for line in verified] == [
        f"{name}: equal"
        + (", but for the model itself, which cannot be had again from what it learned")
        * (name == "stamping")
        for name in sorted(models)
    ]
