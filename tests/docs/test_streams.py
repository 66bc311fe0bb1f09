"""The programs that follow events do what they say."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs import guides, processes
from tests.servers.servers import Server

FOLLOW = guides.page(guides.DOCS / "how-to" / "follow.md")
EVENTS = guides.page(guides.DOCS / "reference" / "events.md")


class TestStreams:
    @pytest.fixture(autouse=True)
    def model(self, server: Server, tmp_path: Path) -> None:
        with server.client() as client:
            client.init("regression")
            client.upload(_model(), "approval")

    def test_of_metrics_ends_at_the_newest_value(self, server: Server, tmp_path: Path) -> None:
        code = FOLLOW.beside("metrics").code.replace(guides.URL, processes.url(server))

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            # A listener gets nothing of what happened before it listened.
            script.wait_for(bool, meanwhile=lambda: client.learn(features={"x": 1.0}, ground_truth=2.0))
            for n in range(20):
                assert client.learn(features={"x": n / 7}, ground_truth=n).status == 201
            newest = client.metrics()
            output = script.wait_for(lambda text: ast.literal_eval(text.splitlines()[-1]) == newest)

        assert all(list(ast.literal_eval(line)) == ["MAE", "RMSE", "SMAPE"] for line in output.splitlines())

    def test_of_events_reports_each_prediction_and_each_learn_in_order(
        self, server: Server, tmp_path: Path
    ) -> None:
        code = FOLLOW.beside("events").code.replace(guides.URL, processes.url(server))

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            script.wait_for(bool, meanwhile=lambda: client.predict(features={"x": -1.0}))
            predictions = []
            for n in range(20):
                predictions.append(client.predict(id=n, features={"x": n}).json["prediction"])
                client.learn(id=n, ground_truth=n * 2.0)
            output = script.wait_for(lambda text: text.count("learned") == 20)

        reported = [line for line in output.splitlines() if "-1.0" not in line]
        assert reported == [
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
        code = FOLLOW.beside("events").code.replace(f"{guides.URL}/api/stream/events", address)

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            script.wait_for(bool)
            client.predict(features={"x": 3.5})
            output = script.wait_for(lambda text: text.count("\n") >= 2)

        assert output == "missed some events\npredicted approval {'x': 3.5} 0.0\n"

    def test_of_events_have_the_fields_of_the_reference(self, server: Server, tmp_path: Path) -> None:
        code = FOLLOW.beside("events").code.replace(guides.URL, processes.url(server))
        code = code.replace("    match", "    print(message.event, *event)\n    match")

        with processes.running(server, code, tmp_path) as script, server.client() as client:
            script.wait_for(bool, meanwhile=lambda: client.learn(features={"x": 1.0}, ground_truth=2.0))
            client.predict(features={"x": 1.0})
            output = script.wait_for(lambda text: "predicted" in text)

        for kind in ("predict", "learn"):
            (cell,) = re.findall(rf"\| `{kind}` \| (.+) \|", EVENTS.text)
            assert f"{kind} {' '.join(re.findall('`(.+?)`', cell))}\n" in output

    def test_in_javascript_parse(self, tmp_path: Path) -> None:
        # Node has no EventSource before version 22: only the syntax is checked, not what it does.
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed")
        scripts = [block for block in FOLLOW.blocks if block.language == "javascript"]
        assert scripts
        for number, block in enumerate(scripts):
            file = tmp_path / f"{number}.mjs"
            file.write_text(block.code)
            done = subprocess.run([node, "--check", str(file)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


def _model() -> object:
    from river import linear_model

    return linear_model.LinearRegression()
