import html
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.spec_examples import EXAMPLES
from models_app.services.configuring import set_flavor

ROOT = Path(__file__).parents[2]
PAGE = [
    path
    for folder in ("templates/monitoring", "static/monitoring")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
]


@pytest.mark.django_db(transaction=True)
class TestDashboard:
    def test_says_how_to_set_a_flavor_where_there_is_none(self, client: Client) -> None:
        page = client.get("/").content.decode()
        assert "First, set a flavor" in page
        assert "curl http://testserver/api/init" in page
        assert "not set" in page

    def test_says_how_to_upload_a_model_where_there_is_none(self, client: Client) -> None:
        set_flavor(flavor="binary", now=datetime.now(UTC))
        page = client.get("/").content.decode()
        assert "Next, upload a model" in page
        assert "curl http://testserver/api/model/" in page
        assert 'data-flavor="binary"' in page
        for metric in ("Accuracy", "LogLoss", "Precision", "Recall", "F1"):
            assert f'data-metric="{metric}"' in page

    @pytest.mark.parametrize("flavor", FLAVORS)
    def test_shows_an_upload_that_a_shell_understands(self, client: Client, flavor: str) -> None:
        set_flavor(flavor=flavor, now=datetime.now(UTC))

        page = html.unescape(client.get("/").content.decode())

        command = page.split("<pre><code>")[1].split("</code></pre>")[0]
        words = shlex.split(command)
        assert words[:-1] == [
            "curl",
            "http://testserver/api/model/my-model",
            "-H",
            "Content-Type: application/json",
            "-d",
        ]
        assert json.loads(words[-1]) in [each.spec for each in EXAMPLES if each.flavor == flavor]

    def test_is_never_cached_and_allows_no_script_of_its_own_text(self, client: Client) -> None:
        response = client.get("/")
        assert "no-store" in response["Cache-Control"]
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "script-src" not in policy

    def test_takes_no_other_method(self, client: Client) -> None:
        assert client.post("/").status_code == 405

    def test_refers_to_files_that_exist(self, client: Client, settings: Settings) -> None:
        page = client.get("/").content.decode()
        for name in ("dashboard.css", "overview.js", "icon.svg"):
            assert f"{settings.STATIC_URL}monitoring/{name}" in page
            assert (ROOT / "static/monitoring" / name).is_file()


@pytest.mark.parametrize("path", PAGE, ids=lambda path: path.name)
def test_no_file_of_the_page_names_another_host_or_makes_markup_of_text(path: Path) -> None:
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    for taboo in (
        "http://",
        "https://",
        'src="//',
        "innerHTML",
        "insertAdjacentHTML",
        " style=",
        "onclick",
    ):
        assert taboo not in text
