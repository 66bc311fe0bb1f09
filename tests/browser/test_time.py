"""The time that the charts of a page share, and what each of them gives away."""

import csv
import io
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.instances import fill, records, send, streaming
from tests.browser.looking import violations
from tests.servers.servers import Server

MODEL = "/models/sea/"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("time"))
    server.start()
    fill(server)
    yield server
    server.close()
    assert server.complaints == []


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def chosen(page: Page) -> Locator:
    return page.locator("#range [name=range]")


def over(chart: Locator) -> Locator:
    """Return what the mouse is over where it is over a chart's lines."""
    return chart.locator(".u-over")


def drag(page: Page, chart: Locator, first: float, last: float) -> None:
    # The mouse is moved over what is in sight.
    over(chart).scroll_into_view_if_needed()
    box = over(chart).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + first * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], box["y"] + 60, steps=5)
    page.mouse.up()


def shown(page: Page, chart: str) -> list[str]:
    """Return what a chart gives as CSV, the places of its horizontal axis."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"The numbers of the chart {chart} as CSV").click()
    return [row[0] for row in table(download.value.path())][1:]


def iso(seconds: float) -> str:
    """Return a time as a browser writes it, which cuts parts of milliseconds off."""
    moment = datetime.fromtimestamp(math.trunc(seconds * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


class TestTime:
    def test_is_zoomed_in_any_chart_for_all_and_stays_while_data_comes(
        self, server: Server, open_page: Open
    ) -> None:
        page = open_page(server, MODEL)
        expect(page.locator("#chart-rates canvas")).to_be_visible()
        all_places = shown(page, "metrics")

        drag(page, page.locator("#chart-rates"), 0.4, 0.95)

        page.wait_for_url("**from=*")
        [since], [until] = query(page)["from"], query(page)["until"]
        expect(chosen(page)).to_have_value("custom")
        with streaming(server), page.expect_response("**/api/metrics/history*"):
            pass
        with page.expect_response("**/api/metrics/history*") as response:
            pass
        places = shown(page, "metrics")
        # Of a shorter time there may be more of them than of a longer one.
        assert {"since", "until"} < parse_qs(urlsplit(response.value.url).query).keys()
        assert places == [iso(seconds) for seconds in response.value.json()["time"]]
        assert all(since <= place <= until for place in places)
        assert 0 < len([place for place in all_places if since <= place <= until]) <= len(places)

        over(page.locator("#chart")).dblclick()
        expect(chosen(page)).to_have_value("auto")
        assert "from" not in query(page)

    def test_stands_in_the_address(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)
        chosen(page).select_option("900")
        page.locator("#chart-metric").select_option("LogLoss")
        page.locator("#chart-shows").select_option("rolling")
        page.locator("summary", has_text="Confusions").click()
        expect(page.locator("#chart-text")).to_contain_text("LogLoss, recent")
        page.wait_for_url("**folded=*")

        other = open_page(server, page.url.partition(f":{server.port}")[2])

        expect(chosen(other)).to_have_value("900")
        expect(other.locator("#chart-text")).to_contain_text("LogLoss, recent")
        expect(other.locator("#chart-text")).not_to_contain_text("since the upload")
        expect(other.locator("table.confusions")).to_be_hidden()

    def test_is_chosen_by_keyboard(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)
        expect(page.locator("#chart canvas")).to_be_visible()
        chosen(page).select_option("custom")
        first = page.get_by_label("from", exact=True).input_value()

        page.get_by_role("button", name="Earlier").press("Enter")
        expect(page.get_by_label("from", exact=True)).not_to_have_value(first)
        page.get_by_role("button", name="Back").press("Enter")
        expect(page.get_by_label("from", exact=True)).to_have_value(first)
        page.get_by_label("to", exact=True).fill("2001-01-01T00:00:00")
        assert page.get_by_label("to", exact=True).evaluate("field => !field.checkValidity()")
        page.get_by_role("button", name="Now").press("Enter")
        expect(page.get_by_label("from", exact=True)).to_be_hidden()
        assert violations(page) == []

    def test_has_one_cursor_in_all_charts_and_the_latest_values_without_one(
        self, server: Server, open_page: Open
    ) -> None:
        page = open_page(server, MODEL)
        time = page.locator("#chart-rates .u-legend .u-series").first.locator(".u-value")
        expect(time).to_contain_text(":")
        latest = time.inner_text()

        over(page.locator("#chart")).hover(position={"x": 200, "y": 50})
        expect(time).not_to_have_text(latest)
        at_cursor = page.locator("#chart .u-legend .u-series").first.locator(".u-value").inner_text()
        expect(time).to_have_text(at_cursor)

        page.get_by_role("heading", level=1).hover()
        expect(time).to_have_text(latest)

    def test_is_kept_over_learns_as_well(self, server: Server, open_page: Open) -> None:
        page = open_page(server, f"{MODEL}?over=seq")
        expect(page.locator("#chart .u-legend")).to_contain_text("Learns")
        axis = "document.querySelector('#chart .u-legend .u-value').textContent"
        drag(page, page.locator("#chart"), 0.1, 0.5)
        send(server, records(30, start=500_000))
        with page.expect_response("**/api/metrics/history*"):
            pass

        # At the right edge is what was dragged to, and not the newest learn.
        box = over(page.locator("#chart")).bounding_box()
        assert box is not None
        over(page.locator("#chart")).hover(position={"x": box["width"] - 2, "y": 50})
        assert int(page.evaluate(axis).replace(",", "")) < 4_000


class TestFiles:
    def test_are_the_numbers_and_the_picture_of_each_chart(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)
        expect(page.locator("#chart canvas")).to_be_visible()

        with page.expect_download() as numbers:
            page.get_by_role("button", name="The numbers of the chart metrics as CSV").click()
        with page.expect_download() as picture:
            page.get_by_role("button", name="The chart rates as a picture").click()

        assert numbers.value.suggested_filename == "sea-metrics.csv"
        head, *rows = table(numbers.value.path())
        assert head == ["Time", "Accuracy, recent", "Accuracy since the upload"]
        assert all(row[0].endswith("Z") for row in rows)
        # A sample of before the first learn has none.
        scores = [float(row[1]) for row in rows if row[1]]
        assert 0 < max(scores) <= 1
        assert picture.value.suggested_filename == "sea-rates.png"
        assert picture.value.path().read_bytes().startswith(b"\x89PNG")


class TestNotes:
    def test_are_marked_in_the_chart(self, server: Server, open_page: Open) -> None:
        with server.client() as client:
            answer = client.post("/api/model/sea/notes", text="The second pump is on.")
            assert answer.status == 201, answer
            assert client.get("/api/model/sea/notes").json["notes"] == [answer.json]

        page = open_page(server, MODEL)
        send(server, records(30, start=600_000))

        expect(page.locator("#chart-text")).to_contain_text("note (1)")
