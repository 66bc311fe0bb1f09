"""The page of ground truths that are worth asking for."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from river import dummy

from tests.browser.conftest import Open
from tests.browser.instances import logistic, records, send
from tests.browser.looking import keep, out_of_reach, violations
from tests.servers.servers import Server

ODD = "<script>alert(1)</script><b>"
SEA, KINDS = "/models/sea/labels/", "/models/kinds/labels/"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two models that have predictions pending; one knows labels of several kinds."""
    server = Server(template, tmp_path_factory.mktemp("labels"))
    server.start()
    with server.client() as client:
        client.init("binary")
        client.upload(logistic(), "sea")
        kinds = pickle.dumps(dummy.PriorClassifier())
        assert client.request("POST", "/api/model/kinds?flavor=multiclass", kinds).status == 201
    send(server, records(200))
    send(server, [record for record in records(40, start=1_000) if record["op"] == "predict"])
    odd = {"model": "kinds", "features": {ODD: 1, "text": ODD}}
    truths = ["1", "1", "1", ODD, ODD, "7", "true"]
    send(server, [{"op": "learn", "ground_truth": truth, **odd} for truth in truths])
    send(server, [{"op": "predict", "id": f"{ODD} {number}", **odd} for number in range(8)])
    yield server
    server.close()
    assert server.complaints == []


def ids(page: Page) -> list[str]:
    return page.locator("#labels tbody th").all_inner_texts()


def learned(server: Server, model: str) -> list[tuple[str | None, Any]]:
    return [(learn.prediction_id, learn.ground_truth) for learn in server.database.learns(model)]


def queue(server: Server, model: str) -> list[str]:
    with server.client() as client:
        return [label["id"] for label in client.get(f"/api/labels?model={model}").json["labels"]]


def settled(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")


def test_is_reached_from_the_models_and_gives_truths(server: Server, open_page: Open) -> None:
    page = open_page(server, "/models/sea/")
    page.get_by_role("link", name="the least certain").click()
    settled(page)
    expected = queue(server, "sea")
    assert ids(page) == expected[:25]

    row = page.locator("#labels tbody tr").first
    row.get_by_role("button", name="false").click()

    expect(row).to_contain_text("learned: false")
    expect(page.get_by_role("status").last).to_contain_text(f"{expected[0]}: learned false. 24 left")
    assert learned(server, "sea")[-1] == (expected[0], False)
    # By keyboard the next one is answered at once.
    page.keyboard.press("Enter")
    expect(page.locator("#labels .done")).to_have_count(2)
    assert learned(server, "sea")[-1] == (expected[1], True)
    assert queue(server, "sea") == expected[2:]
    page.get_by_role("link", name="More").click()
    assert ids(page) == expected[25:]
    page.get_by_role("link", name="The least certain now").click()
    assert ids(page) == expected[2:27]


def test_takes_labels_that_read_like_something_else(server: Server, open_page: Open) -> None:
    page = open_page(server, KINDS)
    settled(page)
    rows = page.locator("#labels tbody tr")
    for written in ("7", "1", "new", "2.5", "false"):
        first = rows.locator("form:has(input)").first
        shown = first.get_attribute("data-id")
        first.locator("input").fill(written)
        first.locator("input").press("Enter")
        expect(page.get_by_role("status").last).to_contain_text(f"{shown}: learned {written}.")
        assert learned(server, "kinds")[-1] == (shown, written)
    last = rows.locator("form:has(input)").first
    shown = last.get_attribute("data-id")
    last.get_by_role("button", name=ODD).click()
    expect(page.get_by_role("status").last).to_contain_text(f"{shown}: learned {ODD}.")
    assert learned(server, "kinds")[-1] == (shown, ODD)
    assert page.locator("main script, main b").count() == 0


def test_says_why_a_truth_is_refused(server: Server, open_page: Open) -> None:
    page = open_page(server, SEA)
    settled(page)
    row = page.locator("#labels tbody tr").first
    shown = ids(page)[0]
    with server.client() as client:
        assert client.learn(id=shown, ground_truth=True).status == 201

    row.get_by_role("button", name="true").click()

    expect(page.get_by_role("status").last).to_contain_text(f"{shown}: ")
    expect(row.get_by_role("button", name="true")).to_be_enabled()


def test_has_its_table_to_take_away(server: Server, open_page: Open) -> None:
    page = open_page(server, SEA)

    with page.expect_download() as download:
        page.get_by_role("link", name="As CSV").click()

    table = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "sea.csv"
    assert [line.partition(",")[0] for line in table] == ["id", *queue(server, "sea")]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_can_be_used_by_everybody(server: Server, open_page: Open, width: int, dark: bool) -> None:
    looks = "dark" if dark else "light"
    paths = {
        "labels-sea": SEA,
        "labels-kinds": KINDS,
        "records": "/models/sea/records/",
        "record": "/models/sea/records/?seq=3",
    }
    for name, path in paths.items():
        page = open_page(server, path, width=width, dark=dark)
        settled(page)

        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []
        assert out_of_reach(page) == []
        keep(page, f"{name}-{width}-{looks}")


def test_is_not_there_without_probabilities(server: Server, open_page: Open) -> None:
    with server.client() as client:
        client.request("POST", "/api/model/line?flavor=label", pickle.dumps(logistic()))
        answer = client.get("/models/line/labels/")
        assert (answer.status, client.get("/models/nobody/labels/").status) == (404, 404)
        assert client.get(f"{SEA}?after={quote(json.dumps(1))}").status == 404
    assert "has no probabilities" in answer.body.decode()
    page = open_page(server, "/models/line/")
    settled(page)
    expect(page.get_by_role("link", name="the least certain")).to_have_count(0)
