"""The page of alerts: seen, acknowledged and muted by keyboard."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.instances import logistic
from tests.browser.looking import keep, out_of_reach, violations
from tests.servers.databases import put_alert
from tests.servers.servers import Server

ODD = "a <b>name<b> that is long and has no end, or so it seems to whoever has to read it on a telephone"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with alerts of two models."""
    server = Server(template, tmp_path_factory.mktemp("alerts"))
    server.start()
    with server.client() as client:
        client.init("binary")
        for name in ("sea", ODD):
            client.upload(logistic(), quote(name))
    put_alert(server.database, ODD)
    for _ in range(3):
        put_alert(server.database, "sea")
    yield server
    server.close()
    assert server.complaints == []


def settled(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until what has the focus is called like that."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    raise AssertionError(f"no {name} is reached")


def test_alerts_are_acknowledged_and_muted_by_keyboard(server: Server, open_page: Open) -> None:
    page = open_page(server, "/alerts/?model=sea&kind=drift")
    settled(page)
    items = page.locator(".alerts > li")
    expect(items).to_have_count(3)
    newest = int(items.first.get_attribute("data-id") or 0)

    tab_to(page, "Acknowledge")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("The pump is being changed.")
    page.keyboard.press("Enter")

    said = page.locator("#said")
    expect(said).to_have_text("drift of sea: acknowledged.")
    expect(items.first).to_contain_text("acknowledged by anybody: The pump is being changed.")
    with server.client() as client:
        answer = client.get(f"/api/alerts/{newest}").json
        assert (answer["state"], answer["note"]) == ("acknowledged", "The pump is being changed.")

        tab_to(page, "Mute")
        for key in ("Enter", "Tab", "ArrowDown", "Tab", "Enter"):
            page.keyboard.press(key)

        expect(said).to_have_text("drift of sea is muted for 8 hours.")
        (mute,) = client.get("/api/model/sea/mutes").json["mutes"]
        assert mute["kind"] == "drift"

        page = open_page(server, "/models/sea/")
        expect(page.locator("#alerts .alerts > li[data-kind=drift]")).to_have_count(3)
        page.get_by_role("button", name="Unmute").press("Enter")
        expect(page.locator("#said")).to_have_text("drift of sea is muted no more.")
        assert client.get("/api/model/sea/mutes").json["mutes"] == []


def test_what_is_chosen_stands_in_the_address(server: Server, open_page: Open) -> None:
    page = open_page(server, "/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Alerts").click()
    page.get_by_label("State").select_option("resolved")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_text("No such alert.")).to_be_visible()
    assert "state=resolved" in page.url
    page.get_by_label("State").select_option("any")
    page.get_by_label("Kind").select_option("drift")
    page.get_by_label("Model").fill(ODD)
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".alerts > li")).to_have_count(1)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_can_be_used_by_everybody(server: Server, open_page: Open, width: int, dark: bool) -> None:
    page = open_page(server, "/alerts/?state=&kind=drift", width=width, dark=dark)
    settled(page)
    expect(page.locator(".alerts > li")).to_have_count(4)
    page.locator(".alerts summary").first.click()

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(page) == []
    if not dark:
        assert out_of_reach(page) == []
    keep(page, f"alerts{'-375' if width == 375 else ''}{'-dark' if dark else ''}")
