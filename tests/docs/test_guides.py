"""The documents' programs run, and print what the documents show."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs import guides, processes, runner
from tests.docs.guides import Page
from tests.servers.launchers import ROOT
from tests.servers.servers import Server

#: Waits for a page's programs and returns what came of them.
Outcomes = Callable[[Page], runner.Outcome]


@pytest.fixture(scope="module")
def outcomes(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """All pages, one after the other: each begins with a flavor, which erases what the last one left."""
    folder = tmp_path_factory.mktemp("guides")
    # Commands are run from the project's folder, and leave files there.
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    url = processes.url(server)
    script = runner.script([(page.name, page.programs(url)) for page in guides.guides()])
    with processes.running(server, script, folder) as process:
        yield lambda page: runner.outcome(
            page.name, process.wait_for(lambda output: runner.has_ended(page.name, output))
        )


@pytest.mark.parametrize("page", guides.guides(), ids=lambda page: page.name)
class TestPage:
    def test_runs_from_top_to_bottom(self, page: Page, outcomes: Outcomes) -> None:
        outcome = outcomes(page)

        assert outcome.failure == ""
        assert list(outcome.printed) == [block.line for block in page.running]

    def test_prints_what_it_shows(self, page: Page, outcomes: Outcomes) -> None:
        expected = page.expected()

        printed = outcomes(page).printed

        assert {line: printed.get(line) for line in expected} == expected


def test_the_server_accepts_all_pages_without_an_error(outcomes: Outcomes, server: Server) -> None:
    outcomes(guides.guides()[-1])

    assert server.complaints == []


class TestRunner:
    def test_names_the_line_of_a_failure_and_runs_the_next_page(self, server: Server, tmp_path: Path) -> None:
        page = Page(str(tmp_path / "page.md"))
        Path(page.name).write_text("# A page\n```python\nprint(1)\n1 / 0\n```\n```python\n```\n")
        other = ("other", [("other", f"print({f'{runner.BLOCK}other:3'!r}); print(__name__)")])

        with processes.running(
            server, runner.script([(page.name, page.programs("")), other]), tmp_path
        ) as process:
            output = process.wait_for(lambda output: runner.has_ended("other", output))

        failed = runner.outcome(page.name, output)
        assert failed.printed == {2: "1\n"}
        assert f'File "{page.name}", line 4' in failed.failure
        assert "ZeroDivisionError" in failed.failure
        assert runner.outcome("other", output) == runner.Outcome({3: "__main__\n"})


def test_all_python_blocks_run() -> None:
    left_out = [
        f"{page.name}:{block.line}"
        for page in guides.documents()
        for block in page.blocks
        if block.language == "python" and not block.runs and not block.directive.startswith("runs beside: ")
    ]

    assert left_out == []


def test_pages_that_go_on_from_another_lead_there() -> None:
    pages = [page for page in guides.guides() if page.before]

    assert len(pages) > 5
    assert [page.name for page in pages if page.before and page.before.name not in guides.led_to(page)] == []
