"""Models are uploaded, taken back and deleted where one looks at them."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.instances import logistic, records, send
from tests.browser.looking import keep, out_of_reach, violations
from tests.servers.servers import Server

DOOMED = "doomed & <b>"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a model that has learned 300 times, with a snapshot at learn 200."""
    server = Server(template, tmp_path_factory.mktemp("managing"))
    server.start()
    with server.client() as client:
        client.init("binary")
        client.upload(logistic(), "sea")
    send(server, records(200))
    with server.client() as client:
        assert client.request("POST", "/api/model/sea/snapshots").json == {"seq": 200}
    send(server, records(100, start=200))
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "winter.pkl"
    path.write_bytes(pickle.dumps(logistic()))
    return path


def details(server: Server) -> dict[str, dict[str, object]]:
    with server.client() as client:
        return {each["name"]: each for each in client.get("/api/models?details=1").json["details"]}


def settled(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")


def open_upload(page: Page) -> None:
    """Unfold the form, by keyboard."""
    settled(page)
    page.locator("details.upload > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("File")).to_be_visible()


class TestUpload:
    def test_is_by_keyboard_and_says_what_it_is(self, server: Server, open_page: Open, model: Path) -> None:
        page = open_page(server)
        open_upload(page)
        page.get_by_label("File").set_input_files(model)
        expect(page.get_by_label("Name")).to_be_focused()
        expect(page.get_by_label("Name")).to_have_value("winter")
        page.keyboard.type("cold days")
        page.keyboard.press("Enter")

        said = page.locator("#upload [role=status]")
        expect(said).to_contain_text("cold days: binary; ")
        expect(said).to_contain_text(
            "preprocessing.StandardScaler, linear_model.LogisticRegression. The trial"
        )
        assert details(server)["cold days"]["default"] is True
        said.get_by_role("link", name="cold days").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("cold days")

    def test_takes_what_is_dropped(self, server: Server, open_page: Open) -> None:
        page = open_page(server)
        settled(page)
        dropped = page.evaluate_handle(
            """() => {
                const data = new DataTransfer();
                data.items.add(new File(['{"class": "linear_model.ALMAClassifier"}'], "alma.json"));
                return data;
            }"""
        )

        page.dispatch_event("body", "dragenter", {"dataTransfer": dropped})
        expect(page.locator("#upload.over")).to_have_count(1)
        page.dispatch_event("#models", "drop", {"dataTransfer": dropped})
        page.get_by_role("button", name="Upload", exact=True).click()

        expect(page.locator("#upload [role=status]")).to_contain_text("alma: ")
        assert "alma" in details(server)
        expect(page.locator("#upload.over")).to_have_count(0)

    def test_says_what_the_api_says(self, server: Server, open_page: Open, tmp_path: Path) -> None:
        path = tmp_path / "bad.pkl"
        path.write_bytes(b"no pickle")
        with server.client() as client:
            message = client.request("POST", "/api/model/bad?flavor=auto", b"no pickle").json["message"]
        page = open_page(server)
        open_upload(page)

        page.get_by_label("File").set_input_files(path)
        page.get_by_role("button", name="Upload", exact=True).click()

        expect(page.locator("#upload [role=status]")).to_have_text(message)
        assert "bad" not in details(server)


class TestModelPage:
    def test_goes_back_and_says_first_what_would_change(self, server: Server, open_page: Open) -> None:
        page = open_page(server, "/models/sea/")
        settled(page)
        way = page.locator(".way", has_text="Learn 200,")
        way.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(way).to_contain_text("100 learns would be undone")
        keep(page, "way-back")
        way.get_by_role("button", name="Roll back to learn 200").focus()
        page.keyboard.press("Enter")

        expect(page.locator("#managed")).to_have_text("It is again what it was at learn 200.")
        assert details(server)["sea"]["learns"] == 200

    def test_takes_a_snapshot_and_makes_the_default(self, server: Server, open_page: Open) -> None:
        send(server, records(10, start=1_000))
        with server.client() as client:
            client.upload(logistic(), "other")
        page = open_page(server, "/models/sea/")
        settled(page)

        page.get_by_role("button", name="Take a snapshot").click()
        expect(page.locator("#managed")).to_contain_text("A snapshot has all")
        expect(page.locator(".way", has_text="Learn 210,")).to_have_count(1)
        page.get_by_role("button", name="Make it the default").click()
        expect(page.locator("#managed")).to_contain_text("It answers now")

        assert details(server)["sea"]["default"] is True
        with page.expect_download() as download:
            page.get_by_role("link", name="Download", exact=True).first.click()
        assert pickle.loads(download.value.path().read_bytes()).predict_one({"x0": 1.0}) in {True, False}

    def test_uploads_a_version(self, server: Server, open_page: Open, model: Path) -> None:
        with server.client() as client:
            client.upload(logistic(), "versions")
        send(server, records(5, start=2_000, model="versions"))
        page = open_page(server, "/models/versions/")
        settled(page)

        page.get_by_label("A new version").set_input_files(model)
        page.locator("#manage").get_by_role("button", name="Upload").click()

        expect(page.locator("#managed")).to_contain_text("Uploaded: it begins anew")
        assert details(server)["versions"]["learns"] == 0

    def test_deletes_what_is_named(self, server: Server, open_page: Open) -> None:
        with server.client() as client:
            client.upload(logistic(), quote(DOOMED))
        page = open_page(server, f"/models/{quote(DOOMED)}/")
        settled(page)
        typed = page.get_by_label("type its name")
        typed.fill("doomed")
        page.keyboard.press("Enter")
        expect(page.locator("#managed")).to_have_text(f"Type {DOOMED} to delete it.")
        assert DOOMED in details(server)

        typed.fill(DOOMED)
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Served models")).to_be_visible()
        assert DOOMED not in details(server)


@pytest.mark.parametrize(("width", "dark"), [(375, True), (1280, False)])
def test_can_be_used_by_everybody(server: Server, open_page: Open, width: int, dark: bool) -> None:
    for name, path in (("upload", "/"), ("manage", "/models/sea/")):
        page = open_page(server, path, width=width, dark=dark)
        settled(page)
        page.evaluate("document.querySelectorAll('.upload, .way').forEach((each) => { each.open = true; })")

        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []
        assert out_of_reach(page) == []
        keep(page, f"{name}-{width}-{'dark' if dark else 'light'}")
