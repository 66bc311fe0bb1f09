"""The reference's requests by flavor can be sent as they stand, and are answered as it says."""

import json
import pickle
from typing import Any

import pytest

from models_app.paradigms.registry import FLAVORS
from tests.docs import guides
from tests.docs.guides import DOCS
from tests.docs.test_reference import named
from tests.paradigms.test_battery import MODELS
from tests.servers.clients import Client
from tests.servers.servers import Server

#: As many as a forecaster needs before it forecasts.
ROUNDS = 12


def requests() -> dict[str, list[list[Any]]]:
    """Return by flavor what is sent to predict, what is answered, and what is sent to learn."""
    table = guides.between(guides.page(DOCS / "reference" / "api.md").text, "requests")
    found = {}
    for line in table.splitlines()[2:]:
        flavor, *cells = line.strip("|").split(" | ")
        found[named(flavor)[0]] = [[json.loads(text) for text in named(cell)] for cell in cells]
    return found


def shape(value: Any) -> object:
    """Return a JSON value without its numbers and strings."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return float if type(value) is int else type(value)


def learn(client: Client, flavor: str, asked: list[Any], taught: list[Any], number: int) -> None:
    """Let the flavor's model learn everything once, by ids of its own."""
    ids: dict[int, str] = {}
    for body in taught:
        known = body.get("id")
        if known is not None and known not in ids:
            ids[known] = f"{flavor} {number} {known}"
            answer = client.predict(**asked[known - 1], model=flavor, id=ids[known])
            assert answer.status == 201, (body, answer)
        meant = {"model": flavor} if known is None else {"id": ids[known]}
        answer = client.learn(**{**body, **meant})
        assert (answer.status, answer.json) == (201, {}), (body, answer)


def test_are_of_every_flavor() -> None:
    assert requests().keys() == FLAVORS.keys()


@pytest.mark.parametrize("flavor", FLAVORS)
def test_are_answered_as_documented(server: Server, flavor: str) -> None:
    asked, answers, taught = requests()[flavor]
    with server.client() as client:
        data = pickle.dumps(MODELS[flavor]())
        uploaded = client.request("POST", f"/api/model/{flavor}?flavor={flavor}", data)
        assert (uploaded.status, uploaded.json) == (201, {"name": flavor, "flavor": flavor})

        for number in range(ROUNDS):
            learn(client, flavor, asked, taught, number)

        for body in asked:
            answer = client.predict(**body, model=flavor)
            assert (answer.status, answer.json["model"]) == (200, flavor), (body, answer)
            assert shape(answer.json["prediction"]) in [shape(one) for one in answers], (body, answer)
