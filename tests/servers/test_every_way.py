"""A model of each flavor on one server, in every way that records come and figures go."""

import html
import json
import pickle
import re
import shlex
import subprocess
import sys
import threading
from collections import defaultdict
from typing import Any

import pytest

from models_app.paradigms.base import FEATURES, Paradigm
from models_app.paradigms.registry import FLAVORS
from tests.paradigms.test_battery import inputs
from tests.servers.clients import Client
from tests.servers.listeners import listening
from tests.servers.scraping import scrape
from tests.servers.servers import Server
from tests.servers.test_all_flavors import model
from tests.servers.test_sockets import ask, open_socket

N = 30
Record = dict[str, Any]


def records(paradigm: Paradigm, name: str, numbers: range) -> list[Record]:
    """Return records that predict and learn by id; where no ids await a truth, that learn it alone."""
    found: list[Record] = []
    has_ids = paradigm.keeps_recorded or not paradigm.records_predictions
    for number in numbers:
        asked: Any = inputs(paradigm, number)
        members = asked if paradigm.takes else {FEATURES: asked}
        truth = paradigm.trial_truths[0](number)
        known = {} if truth is None else {"ground_truth": truth}
        own = f"{name} {number}"
        named = {"id": own} if has_ids else {"model": name}
        found.append({"op": "predict", "model": name, "id": own, **members})
        found.append({"op": "learn", **named, **known})
    return found


def one_by_one(client: Client, asked: list[Record]) -> list[Any]:
    answered = []
    for record in asked:
        answer = client.post(f"/api/{record['op']}", **{k: v for k, v in record.items() if k != "op"})
        assert answer.status in (200, 201), (record, answer)
        answered.append(answer.json)
    return answered


def in_arrays(client: Client, asked: list[Record]) -> list[Any]:
    answered: list[Any] = []
    for record in asked:
        alone = {k: v for k, v in record.items() if k != "op"}
        answer = client.request("POST", f"/api/{record['op']}", json.dumps([alone]).encode())
        assert answer.status in (200, 201), (record, answer)
        answered += answer.json
    return answered


def in_a_stream(client: Client, asked: list[Record]) -> list[Any]:
    body = "".join(json.dumps(record) + "\n" for record in asked).encode()
    answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
    return [json.loads(line) for line in answer.body.splitlines()]


def as_messages(server: Server, asked: list[Record]) -> list[Any]:
    with open_socket(server) as socket:
        answered: list[Any] = ask(socket, asked)
    return answered


def upload(client: Client, paradigm: Paradigm, name: str) -> None:
    uploaded = client.request(
        "POST", f"/api/model/{name}?flavor={paradigm.name}", pickle.dumps(model(paradigm))
    )
    assert uploaded.status == 201, uploaded


def predicted(answered: list[Any]) -> list[Any]:
    return [answer["prediction"] for answer in answered[::2]]


@pytest.mark.parametrize("paradigm", FLAVORS.values(), ids=FLAVORS)
def test_is_answered_the_same_however_records_come(
    server: Server, client: Client, paradigm: Paradigm
) -> None:
    for name in ("single", "bulk"):
        upload(client, paradigm, name)

    alone = one_by_one(client, records(paradigm, "single", range(N)))
    asked = records(paradigm, "bulk", range(N))
    third = len(asked) // 3
    bulk = in_arrays(client, asked[:third])
    bulk += in_a_stream(client, asked[third : 2 * third])
    bulk += as_messages(server, asked[2 * third :])

    assert predicted(bulk) == predicted(alone)
    assert bulk[1::2] == [{}] * N
    assert client.metrics("bulk") == client.metrics("single")


def test_is_heard_of_on_the_stream_of_events(server: Server, client: Client) -> None:
    heard: dict[str, set[str]] = defaultdict(set)
    for flavor, paradigm in FLAVORS.items():
        upload(client, paradigm, flavor)

    def drive() -> None:
        with server.client() as another:
            for flavor, paradigm in FLAVORS.items():
                one_by_one(another, records(paradigm, flavor, range(2)))

    with listening(server.port, "/api/stream/events") as events:
        driver = threading.Thread(target=drive)
        driver.start()
        for event in events:
            fields = {"model", "features", "prediction"} | (
                {"ground_truth"} if event.event == "learn" else set()
            )
            assert event.data.keys() == fields, event
            heard[event.data["model"]].add(event.event)
            if all(heard[flavor] == {"predict", "learn"} for flavor in FLAVORS):
                break
        driver.join()

    assert heard.keys() == FLAVORS.keys()


def test_is_measured_for_prometheus_by_its_flavor(client: Client) -> None:
    for flavor, paradigm in FLAVORS.items():
        upload(client, paradigm, flavor)
        one_by_one(client, records(paradigm, flavor, range(N)))

    labels = [dict(labels) for name, labels in scrape(client) if name == "chantilly_metric"]

    measured = {(each["model"], each["flavor"]) for each in labels if each["model"] in FLAVORS}
    assert measured == {(flavor, flavor) for flavor, paradigm in FLAVORS.items() if paradigm.metrics}


def snippets(client: Client, name: str) -> dict[str, str]:
    """Return the programs on a model's page, by their languages."""
    page = client.get(f"/models/{name}/").body.decode()
    found = re.findall(r'<div class="snippet"><h3>(\w+)</h3>.*?<code>(.*?)</code>', page, re.DOTALL)
    return {language: html.unescape(code) for language, code in found}


def test_is_asked_by_the_snippets_of_its_page_as_they_stand(server: Server, client: Client) -> None:
    programs, curls = [], []
    for flavor, paradigm in FLAVORS.items():
        upload(client, paradigm, flavor)
        one_by_one(client, records(paradigm, flavor, range(4)))
        before = learns(client)[flavor]
        found = snippets(client, flavor)
        # It says nothing of how the second answer was.
        programs.append(found["Python"].replace("\nrequests.post", "\nlearned = requests.post"))
        curls.append((flavor, before, found["curl"]))
    script = "\n".join(f"{program}\nassert learned.status_code == 201" for program in programs)

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(FLAVORS)
    assert "prediction" in done.stdout
    after = learns(client)
    for flavor, before, commands in curls:
        assert after[flavor] > before, flavor
        for command in commands.splitlines():
            word, url, *arguments = shlex.split(command)
            assert word == "curl"
            answer = client.request(
                "POST", url[url.index("/api/") :], arguments[arguments.index("-d") + 1].encode()
            )
            assert answer.status in (200, 201), (command, answer)


def learns(client: Client) -> dict[str, int]:
    return {each["name"]: each["learns"] for each in client.get("/api/models?details=1").json["details"]}
