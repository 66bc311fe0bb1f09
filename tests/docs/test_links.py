"""Links and pictures lead somewhere, also within the site."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs import guides
from tests.docs.guides import DOCS, Page
from tests.docs.sites import build, built_site
from tests.servers.launchers import ROOT

#: What a page of the site fetches when it is looked at; links that a reader follows are none.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link[^>]*\srel=["']?(?:stylesheet|preconnect|icon|preload)[^>]*\shref=["']?((?:https?:)?//[^"'\s>]+)"""
)


@pytest.mark.parametrize("page", guides.documents(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    folder = (ROOT / page.name).parent
    for link in guides.links(page.text):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = folder / path if path else ROOT / page.name
        assert target.exists(), link
        if anchor:
            assert anchor in guides.anchors(target.read_text(encoding="utf-8")), link


def test_pages_of_the_site_lead_to_pages_of_the_site() -> None:
    left = {
        (page.name, name)
        for page in guides.documents()
        if page.name.startswith("docs/")
        for name in guides.led_to(page)
        if not name.startswith("docs/")
    }

    assert left == set()


def test_the_index_of_decisions_has_each_under_its_title() -> None:
    folder = DOCS / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for file in sorted(folder.glob("0*.md")):
        number, _, title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(". ")
        assert file.name.startswith(f"{int(number):04}-")
        assert f"{number}. [{title}]({file.name})" in index


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in another folder."""
    return built_site(tmp_path_factory.mktemp("site"))


class TestSite:
    def test_has_every_page_in_its_navigation(self) -> None:
        settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))

        entries = re.findall(r"'([^']+\.md)'", str(settings["project"]["nav"]))

        pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
        assert sorted(entries) == sorted(name for name in pages if not name.startswith("adr/0"))

    def test_loads_nothing_from_other_hosts(self, site: Path) -> None:
        pages = list(site.rglob("*.html"))

        assert len(pages) > 40
        fetched = {match for page in pages for match in FETCHED.findall(page.read_text(encoding="utf-8"))}
        assert fetched == set()
        styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
        assert "url(" in styles
        assert re.findall(r"""(?:@import|url\()\s*["']?(?:https?:)?//[^)]*""", styles) == []

    def test_is_not_built_with_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs/index.md").write_text("# Home\n\n[Away](away.md)\n")
        (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "Broken"\n')

        done = build(tmp_path)

        assert done.returncode != 0
        assert "away.md" in re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
