"""The README does what it says."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from chantilly_project.configuration import markdown_table
from models_app.api import exceptions
from models_app.domain import errors
from tests.docs import guides, processes
from tests.servers.launchers import ROOT
from tests.servers.servers import Server


@pytest.fixture(scope="module")
def outcome(server: Server, tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """What came of the guide, run as one program."""
    folder = tmp_path_factory.mktemp("guide")
    # Commands are run from the project's folder, and leave files there.
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    script = folder / "README.py"
    script.write_text(guides.program(processes.url(server)))
    return processes.run(server, str(script), folder=folder)


class TestGuide:
    def test_runs_from_top_to_bottom(self, outcome: "subprocess.CompletedProcess[str]") -> None:
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert list(guides.printed(outcome.stdout)) == [
            block.line for block in guides.guide() if guides.runs(block)
        ]

    def test_prints_what_it_shows(self, outcome: "subprocess.CompletedProcess[str]") -> None:
        told = guides.expected()

        printed = guides.printed(outcome.stdout)

        assert len(told) > 10
        assert {line: printed.get(line) for line in told} == told

    def test_is_accepted_by_the_server_without_an_error(
        self, outcome: "subprocess.CompletedProcess[str]", server: Server
    ) -> None:
        assert server.complaints == []


class TestStreams:
    @pytest.fixture(autouse=True)
    def model(self, server: Server, tmp_path: Path) -> None:
        with server.client() as client:
            client.init("regression")
            client.upload(_model(), "approval")

    def test_of_metrics_ends_at_the_newest_value(self, server: Server, tmp_path: Path) -> None:
        code = guides.beside("metrics").code.replace(guides.URL, processes.url(server))

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            # Nobody is told of what happened before he listened.
            script.wait_for(bool, meanwhile=lambda: client.learn(features={"x": 1.0}, ground_truth=2.0))
            for n in range(20):
                assert client.learn(features={"x": n / 7}, ground_truth=n).status == 201
            newest = client.metrics()
            output = script.wait_for(lambda text: ast.literal_eval(text.splitlines()[-1]) == newest)

        assert all(list(ast.literal_eval(line)) == ["MAE", "RMSE", "SMAPE"] for line in output.splitlines())

    def test_of_events_tells_each_prediction_and_each_learn_in_order(
        self, server: Server, tmp_path: Path
    ) -> None:
        code = guides.beside("events").code.replace(guides.URL, processes.url(server))

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            script.wait_for(bool, meanwhile=lambda: client.predict(features={"x": -1.0}))
            predictions = []
            for n in range(20):
                predictions.append(client.predict(id=n, features={"x": n}).json["prediction"])
                client.learn(id=n, ground_truth=n * 2.0)
            output = script.wait_for(lambda text: text.count("learned") == 20)

        told = [line for line in output.splitlines() if "-1.0" not in line]
        assert told == [
            line
            for n, prediction in enumerate(predictions)
            for line in (
                f"predicted approval {{'x': {n}}} {prediction}",
                f"learned approval {prediction} {n * 2.0}",
            )
        ]

    def test_of_events_says_that_some_were_missed_and_goes_on(self, server: Server, tmp_path: Path) -> None:
        # As one that comes back with the id of an event that nobody has any more.
        address = f"{processes.url(server)}/api/stream/events?lastEventId=events:1"
        code = guides.beside("events").code.replace(f"{guides.URL}/api/stream/events", address)

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            script.wait_for(bool)
            client.predict(features={"x": 3.5})
            output = script.wait_for(lambda text: text.count("\n") >= 2)

        assert output == "missed some events\npredicted approval {'x': 3.5} 0.0\n"

    def test_in_javascript_parse(self, tmp_path: Path) -> None:
        # Node has no EventSource before version 22: only the syntax is checked, not what it does.
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed")
        scripts = [block for block in guides.guide() if block.language == "javascript"]
        assert scripts
        for number, block in enumerate(scripts):
            file = tmp_path / f"{number}.mjs"
            file.write_text(block.code)
            done = subprocess.run([node, "--check", str(file)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


def _model() -> object:
    from river import linear_model

    return linear_model.LinearRegression()


class TestTables:
    def test_of_settings_is_that_of_the_code(self) -> None:
        assert guides.between(guides.README.read_text(), "settings") == markdown_table()

    def test_of_errors_has_every_code_that_an_answer_can_have(self) -> None:
        text = guides.README.read_text()
        codes = {error.code for error in _subclasses(errors.ChantillyError)}
        assert len(codes) > 10
        assert {code for code in codes if f"`{code}`" not in text} == set()

    def test_of_errors_has_the_status_of_each(self) -> None:
        rows = [
            line.split(" | ") for line in guides.README.read_text().splitlines() if line.startswith("| `")
        ]
        told = {code: row[1] for row in rows for code in row[0].strip("| `").split("`, `")}
        for error in _subclasses(errors.ChantillyError):
            status = str(exceptions.STATUS_BY_ERROR.get(error, 400))
            assert status in told[error.code], error.code

    def test_of_commands_has_every_command(self) -> None:
        text = guides.README.read_text()
        commands = {path.stem for path in (ROOT / "models_app/management/commands").glob("[a-z]*.py")}
        assert len(commands) > 10
        assert {
            name for name in commands if f"manage.py {name}" not in text and f"`{name}" not in text
        } == set()


def _subclasses(error: type[errors.ChantillyError]) -> list[type[errors.ChantillyError]]:
    return [found for kind in error.__subclasses__() for found in (kind, *_subclasses(kind))]


@pytest.mark.parametrize("document", guides.documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in guides.links(text):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in guides.anchors(target.read_text(encoding="utf-8")), link


def test_the_index_of_decisions_has_each_under_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for file in sorted(folder.glob("0*.md")):
        number, _, title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(". ")
        assert file.name.startswith(f"{int(number):04}-")
        assert f"{number}. [{title}]({file.name})" in index
