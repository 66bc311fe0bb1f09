"""The page that uploads a model, with and without JavaScript."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open
from tests.browser.instances import logistic
from tests.browser.looking import keep, out_of_reach, violations
from tests.servers.servers import Server

UPLOAD = "/admin/models_app/servedmodel/add/"
USER = "from django.contrib.auth.models import User; User.objects.create_superuser('ada', password='secret')"
EXAMPLE = "regression: linear, of scaled numbers"
WRONG = '{"class": "linear_model.LinearRegression", "params": {"l3": 1}}'
REASON = "params.l3: unknown parameter; did you mean l2 or l1?"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("uploads"))
    server.start()
    assert server.manage("shell", "-c", USER).returncode == 0
    yield server
    server.close()
    assert server.complaints == []


def log_in(page: Page) -> None:
    page.get_by_label("Username:").fill("ada")
    page.get_by_label("Password:").fill("secret")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Upload a model")).to_be_visible()


def fill_in(page: Page, example: str = EXAMPLE) -> None:
    page.get_by_label("Start from an example").select_option(example)
    page.get_by_role("button", name="Fill in").click()


def preview(page: Page) -> None:
    page.get_by_role("button", name="Preview").click()


def is_drawn(page: Page, name: str) -> None:
    frame = page.frame_locator("#preview iframe")
    expect(frame.get_by_text(name, exact=True).first).to_be_visible()


class TestUpload:
    def test_shows_a_preview_without_leaving_the_page(
        self, server: Server, open_page: Open, tmp_path: Path
    ) -> None:
        page = open_page(server, UPLOAD)
        log_in(page)
        (tmp_path / "model.pickle").write_bytes(pickle.dumps(logistic()))
        page.get_by_label("Or a file").set_input_files(tmp_path / "model.pickle")
        page.get_by_label("Flavor").select_option("binary")

        preview(page)
        is_drawn(page, "LogisticRegression")

        # The file is chosen still.
        fill_in(page)
        expect(page.get_by_text("Upload this, or the file: one of them.")).to_be_visible()
        page.get_by_label("Or a file").set_input_files([])
        preview(page)
        is_drawn(page, "LinearRegression")
        expect(page.locator(".errorlist, .errornote")).to_have_count(0)
        keep(page, "upload")

    def test_shows_what_is_wrong_at_the_field(self, server: Server, open_page: Open) -> None:
        page = open_page(server, UPLOAD, width=375, dark=True)
        log_in(page)
        fill_in(page)
        is_drawn(page, "LinearRegression")

        page.get_by_label("Specification").fill(WRONG)
        preview(page)

        expect(page.locator(".field-specification .errorlist")).to_have_text(REASON)
        expect(page.locator("#preview")).to_be_empty()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        assert violations(page) == []

    def test_can_be_used_by_keyboard_alone(self, server: Server, open_page: Open) -> None:
        page = open_page(server, UPLOAD)
        log_in(page)

        assert out_of_reach(page) == []

        # In a field the key means what the first button says.
        page.get_by_label("Specification").fill(WRONG)
        page.get_by_label("Flavor").select_option("regression")
        page.get_by_label("Name").press("Enter")
        expect(page.locator(".field-specification .errorlist")).to_have_text(REASON)

    def test_works_without_scripts(self, server: Server, browser: Browser) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}{UPLOAD}")
        log_in(page)

        fill_in(page)
        expect(page.get_by_label("Flavor")).to_have_value("regression")
        preview(page)
        is_drawn(page, "LinearRegression")
        page.get_by_label("Name").fill("plain")
        page.get_by_role("button", name="Upload").click()

        expect(page.get_by_text("'plain' is served from now on, by default.")).to_be_visible()
        context.close()
