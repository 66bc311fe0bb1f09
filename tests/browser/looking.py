"""The looks of pages, and whether everybody can use them."""

import base64
import os
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / "tests/vendor/axe-core/axe.min.js"
# Where to keep what the pages look like; nowhere otherwise.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
# As much as a reader of the documents wants to scroll.
MAX_HEIGHT = 1_500
# Everything that can be used; a group of radio buttons would be one stop.
USABLE = """
    [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
        .filter((element) => element.checkVisibility() && !element.disabled)
"""


def keep(page: Page, name: str) -> None:
    """Keep what the page looks like, where that is wanted."""
    if SCREENSHOTS is None:
        return
    height = min(page.evaluate("document.documentElement.scrollHeight"), MAX_HEIGHT)
    width = page.evaluate("document.documentElement.clientWidth")
    page.evaluate("document.fonts.ready")
    # Playwright itself writes no WebP, which is a third of a PNG.
    shot = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {
            "format": "webp", "quality": 80, "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
        },
    )  # fmt: skip
    folder = Path(SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


def violations(page: Page) -> list[str]:
    """Return what axe-core finds that is serious or critical."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {iframes: false})")["violations"]
    return [
        f"{each['id']}: {node['html']}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def out_of_reach(page: Page) -> list[str]:
    """Press the tab key until it comes round, and return what can be used and was not reached."""
    page.evaluate(f"window.unreached = new Set({USABLE})")
    for _ in range(page.evaluate("window.unreached.size") + 5):
        page.keyboard.press("Tab")
        page.evaluate("window.unreached.delete(document.activeElement)")
    left: list[str] = page.evaluate("[...window.unreached].map((element) => element.outerHTML)")
    return left
