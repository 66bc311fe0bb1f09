"""/api/model/NAME/contract: what is not as a model's contract has it is refused, wherever it comes from."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from river import linear_model

from tests.servers.clients import Answer, Client
from tests.servers.servers import Server
from tests.servers.test_contract import state

PATH = "/api/model/house/contract"
WRONG = {"area": "large"}


@pytest.fixture
def house(client: Client) -> str:
    client.init("regression")
    client.upload(linear_model.LinearRegression(), "house")
    records = [{"features": {"area": number / 2}, "ground_truth": number} for number in range(5)]
    client.request("POST", "/api/learn", json.dumps(records).encode())
    return "house"


def put(client: Client, schema: object) -> Answer:
    return client.request("PUT", PATH, json.dumps(schema).encode(), {"Content-Type": "application/json"})


def wait_until_refused(client: Client) -> float:
    """Return how long it takes until the contract is held to, in seconds."""
    started = time.monotonic()
    while client.predict(features={"area": 1.0, "rooms": 3}).status != 422:
        assert time.monotonic() - started < 30
        time.sleep(0.02)
    return time.monotonic() - started


def test_is_held_to_by_every_way_in(server: Server, client: Client, house: str) -> None:
    contract = client.post(PATH, frozen=True, strict=True).json
    assert contract["x-seen"] == {"records": 5, "skipped": 0, "frozen": True, "strict": True, "breaches": {}}
    before = state(server, client)

    for answer in [
        client.predict(features=WRONG),
        client.predict(features=WRONG, id="1"),
        client.predict(features=WRONG, options=["explanation"]),
        client.learn(features=WRONG, ground_truth=1),
    ]:
        assert (answer.status, answer.code) == (422, "feature_contract")
        assert answer.message == {"features": ["area: must be number, not string"]}
    assert state(server, client) == before
    records: list[Any] = [{"op": "predict", "features": x} for x in (WRONG, {"area": 1})]
    answers = client.request(
        "POST", "/api/predict", json.dumps([{"features": WRONG}, {"features": {"area": 1}}]).encode()
    )
    assert [answer.get("error") for answer in answers.json] == ["feature_contract", None]
    stream = client.request(
        "POST", "/api/stream", "".join(json.dumps(record) + "\n" for record in records).encode()
    )
    assert [json.loads(line).get("error") for line in stream.body.splitlines()] == ["feature_contract", None]


def test_is_uploaded_as_json_schema(client: Client, house: str) -> None:
    schema = {"type": "object", "properties": {"area": {"type": "integer", "maximum": 10}}}

    assert put(client, schema).json["x-seen"]["frozen"] is True
    client.post(PATH, strict=True)

    assert client.predict(features={"area": 3, "rooms": 3}).status == 200
    assert client.predict(features={"area": 11}).message == {"features": ["area: must be at most 10"]}
    refused = put(client, {"type": "object", "properties": {"area": {"pattern": "x"}}})
    assert (refused.status, list(refused.message)) == (400, ["properties.area.pattern"])
    assert put(client, "text").message == {"schema": ["must be an object"]}
    assert "not valid JSON" in client.request("PUT", PATH, b"{").message
    assert client.get(PATH).json["properties"]["area"]["maximum"] == 10


def test_is_seen_within_a_second_when_a_command_changes_it(
    server: Server, client: Client, house: str, tmp_path: Path
) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"properties": {"area": {"type": "number"}}, "additionalProperties": False}))

    done = server.manage("feature_contract", "house", "--file", str(file), "--strict", "on")

    assert json.loads(done.stdout)["x-seen"]["strict"] is True
    assert wait_until_refused(client) < 1.0
