"""The documents' site in a browser, under the policy that the server sends with it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from tests.docs.sites import built_site


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep what was asked for to itself."""


@pytest.fixture
def address(tmp_path: Path, settings: Settings) -> Iterator[str]:
    """The address of a server that shows the site."""
    settings.DOCS_SITE = built_site(tmp_path)
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/docs/"
        server.shutdown()
        thread.join()


class TestDocs:
    def test_break_no_rule_of_the_policy_and_can_be_searched(self, browser: Browser, address: str) -> None:
        complaints: list[str] = []
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        for path in ("", "how-to/drift.html"):
            page.goto(address + path)
            page.get_by_role("button", name="Search").first.click()
            page.keyboard.type("webhook")
            expect(page.get_by_text("results").first).to_be_visible()
        page.close()

        assert complaints == []
