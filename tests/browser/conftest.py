"""A real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.servers.conftest import start, template
from tests.servers.servers import Server

__all__ = ["start", "template"]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
# It is to talk to nobody but the server. Playwright runs it headless, in an empty folder of its own.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SECONDS = 60
expect.set_options(timeout=SECONDS * 1_000)


Open = Callable[..., Page]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no browser skip what needs one, in one line; in CI there must be one."""
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    if CHROMIUM is not None or os.environ.get("CI") == "true" or not here:
        return
    reason = "no Chromium (`apt install chromium`, or CHROMIUM=its path): no page is tried in a browser"
    here[0].add_marker(pytest.mark.skip(reason=reason))
    config.hook.pytest_deselected(items=here[1:])
    items[:] = [item for item in items if item not in here[1:]]


# Of the package: Playwright keeps an event loop running in this thread, where other tests want none.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "in CI there must be a Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages that must ask nobody but the server, run into no error and show no dialog."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(server: Server, path: str = "/", *, width: int = 1280, dark: bool = False) -> Page:
        size = ViewportSize(width=width, height=900)
        context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1_000)
        page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"{path}: dialog {dialog.message}"))
        host = f"http://127.0.0.1:{server.port}/"
        page.on("request", lambda request: _check(request.url, host, complaints))
        page.goto(f"{host}{path[1:]}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _check(requested: str, host: str, complaints: list[str]) -> None:
    if not requested.startswith((host, "data:", "blob:")):
        complaints.append(f"a page of {host} asks for {requested}")
