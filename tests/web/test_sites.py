"""A built site, as the server shows it."""

import re
from pathlib import Path

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.test.client import Client
from pytest_django import Settings

from web import sites

PAGE = (
    b"<script>let a = 1</script><script src='a.js'></script>"
    b"<script id='data' type='application/json'>{}</script><p>Caf\xc3\xa9</p>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built site, beside what is no part of it."""
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (tmp_path / "secret.html").write_text("secret")
    for name in ("index.html", "sub/index.html"):
        (site / name).write_bytes(PAGE)
    (site / "a.js").write_text("let b = 2")
    (site / "odd").write_bytes(b"\0")
    return site


@pytest.fixture
def docs(folder: Path, settings: Settings, client: Client) -> Client:
    """A client of a server that has the site as its documents."""
    settings.DOCS_SITE = folder
    return client


class TestShown:
    @pytest.mark.parametrize("path", ["", "index.html", "sub/", "sub/index.html"])
    def test_shows_pages(self, docs: Client, path: str) -> None:
        answer = docs.get(f"/docs/{path}")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.content == PAGE

    @pytest.mark.parametrize(
        ("path", "kind"),
        [("a.js", r"(text|application)/javascript(; charset=utf-8)?"), ("odd", "application/octet-stream")],
    )
    def test_shows_other_files(self, docs: Client, path: str, kind: str) -> None:
        answer = docs.get(f"/docs/{path}")

        assert re.fullmatch(kind, answer.headers["Content-Type"])
        assert "sha256" not in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("path", ["sub", "nothing.html", "nothing/", "a.js/", "../secret.html", "\0"])
    def test_shows_nothing_else(self, folder: Path, path: str) -> None:
        view = sites.shown(lambda: folder, missing="")

        with pytest.raises(Http404):
            view(RequestFactory().get("/docs/"), path)

    def test_leads_to_the_slash_at_the_end(self, docs: Client) -> None:
        answer = docs.get("/docs")

        assert isinstance(answer, HttpResponse)
        assert answer.headers["Location"] == "/docs/"

    def test_changes_nothing(self, docs: Client) -> None:
        assert docs.post("/docs/").status_code == 405

    def test_says_how_to_build_it(self, tmp_path: Path, settings: Settings, client: Client) -> None:
        settings.DOCS_SITE = tmp_path / "nowhere"

        answer = client.get("/docs/")

        assert answer.status_code == 404
        assert "make docs" in answer.content.decode()


class TestPolicyFor:
    def test_lets_run_the_scripts_within_a_page_and_no_others(self) -> None:
        policy = sites.policy_for(PAGE)

        scripts = re.findall(r"script-src ([^;]*)", policy)
        assert len(scripts) == 1
        assert re.fullmatch(r"'self' 'sha256-[^' ]+'", scripts[0])
        assert "unsafe-inline" not in scripts[0]
        assert "frame-ancestors 'none'" in policy
