"""The examples and the demo, against a live server."""

import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from models_app.paradigms.registry import FLAVORS
from tests.docs import processes
from tests.servers.launchers import ROOT
from tests.servers.servers import Server

LIMIT = 60
#: Those that are called after their flavors, and others.
EXAMPLES = {
    "binary": ("example-phishing", ()),
    "regression": ("example-approval", ()),
    "multiclass": ("example-segments", ()),
    "label": ("example-digits", ()),
    "multioutput": ("example-flares", ()),
    "multilabel": ("example-yeast", ()),
    "anomaly": ("example-sine", ()),
    "supervised_anomaly": ("example-water", ()),
    "clustering": ("example-groups", ()),
    "forecasting": ("example-passengers", ()),
    "bandit": ("example-offers", ()),
    "recommendation": ("example-films", ()),
    "statistic": ("example-year", ()),
    "drift": ("example-changes", ()),
    "transform": ("example-scaled", ()),
    "text": ("example-messages", ()),
    "taxis": ("example-taxis", ("--made-up",)),
    "onnx_model": ("example-onnx", ()),
    "torch_model": ("example-torch", ()),
    "vowpal_wabbit": ("example-vowpal", ()),
}
#: Those that need another library, by its module. Not all of these are in the tests' own environment: PyTorch
#: is large, and Vowpal Wabbit has no wheels for every Python.
OF_OTHERS = {
    "onnx_model": "onnxruntime",
    "torch_model": "torch",
    "vowpal_wabbit": "vowpal_wabbit_next",
}
REMARKS = {"onnx_model": ["read_only"], "torch_model": [], "vowpal_wabbit": ["predicts_on_copies"]}
PACKAGES = {**OF_OTHERS, "vowpal_wabbit": "vowpal-wabbit-next"}
PICTURE = ROOT / "docs" / "demo.svg"
METRIC = r"0\.\d{4}"
# Nothing listens there: what goes through it fails at once.
NO_PROXY = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": "localhost"}


def example(
    server: Server, name: str, *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run a script of `examples/`."""
    script = f"examples/{name}.py"
    return processes.run(server, script, "--url", processes.url(server), *arguments, more=variables)


def test_are_all_tested() -> None:
    scripts = {
        path.stem
        for path in (ROOT / "examples").glob("*.py")
        if "def main(" in path.read_text(encoding="utf-8")
    }
    assert scripts == {*EXAMPLES, "demo"}
    # One for each flavor, called after it.
    assert set(FLAVORS) <= scripts


class TestExample:
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_gives_what_a_bare_river_loop_gives(self, server: Server, name: str) -> None:
        model, arguments = EXAMPLES[name]
        if name in OF_OTHERS:
            pytest.importorskip(OF_OTHERS[name])

        done = example(server, name, "--limit", str(LIMIT), *arguments)

        assert done.returncode == 0, done.stderr
        assert "Equal to the last bit." in done.stdout
        learns = enumerate(server.database.learns(model))
        # What is only scored when its truth comes is there twice.
        assert len({learn.prediction_id or number for number, learn in learns}) == LIMIT
        assert not {one for one in server.database.pending_ids() if one.startswith(f"{model}-")}

    @pytest.mark.parametrize("name", OF_OTHERS)
    def test_of_another_library_can_be_replayed(self, server: Server, name: str) -> None:
        pytest.importorskip(OF_OTHERS[name])
        model, _ = EXAMPLES[name]

        done = example(server, name, "--limit", "40")
        with server.client() as client:
            remarks = [remark["code"] for remark in client.get(f"/api/stats?model={model}").json["remarks"]]
        server.restart(clean=False)
        verified = server.manage("verify_journal", model)

        assert done.returncode == 0, done.stderr
        assert remarks == REMARKS[name]
        assert verified.stdout.startswith(f"{model}: equal"), verified.stdout

    @pytest.mark.parametrize("name", OF_OTHERS)
    def test_of_another_library_names_the_package_that_is_missing(
        self, server: Server, tmp_path: Path, name: str
    ) -> None:
        # Nothing is installed where nothing is found.
        (tmp_path / "sitecustomize.py").write_text(
            "from importlib import metadata\n"
            f"found, hidden = metadata.version, {PACKAGES[name]!r}\n"
            "def version(name):\n"
            "    if name == hidden:\n"
            "        raise metadata.PackageNotFoundError(name)\n"
            "    return found(name)\n"
            "metadata.version = version\n"
        )

        done = example(server, name, PYTHONPATH=str(tmp_path))

        assert done.returncode == 1
        assert done.stderr == (f"This example needs more than is installed: pip install {PACKAGES[name]}\n")

    def test_says_so_where_it_makes_up_its_trips(self, server: Server, tmp_path: Path) -> None:
        with server.client() as client:
            client.init("regression")

        done = example(server, "taxis", "--limit", "5", RIVER_DATA=str(tmp_path), **NO_PROXY)

        assert done.returncode == 0, done.stderr
        assert "Taxis set cannot be had here" in done.stdout
        assert "5 trips, made up by this example" in done.stdout

    def test_of_each_flavor_can_be_shown_by_the_demo(self, server: Server) -> None:
        done = example(server, "demo", "--help")

        choices = re.search(r"--flavor\s+\{([\w,\s]+)\}", done.stdout)
        assert choices, done.stdout
        assert set(FLAVORS) <= set(re.findall(r"\w+", choices[1]))

    def test_of_a_flavor_is_shown_by_the_demo(self, server: Server) -> None:
        with server.client() as client:
            client.init("regression")

        done = example(server, "demo", "--flavor", "anomaly", "--limit", "30")

        assert done.returncode == 0, done.stderr
        assert "Equal to the last bit." in done.stdout
        assert f"What the dashboard has of it: {processes.url(server)}/" in done.stdout
        with server.client() as client:
            assert client.get("/api/models?details=1").json["details"][0]["flavor"] == "anomaly"


class TestDemo:
    @pytest.mark.parametrize("script", ["demo", "binary"])
    def test_says_in_one_line_that_no_server_runs(self, server: Server, script: str) -> None:
        done = processes.run(server, f"examples/{script}.py", "--url", "http://127.0.0.1:9")

        assert done.returncode == 1
        assert done.stderr == "No server answers at http://127.0.0.1:9: start it with `make run`.\n"

    def test_shows_what_its_picture_shows_on_a_server_that_was_just_set_up(
        self, template: Path, tmp_path: Path
    ) -> None:
        server = Server(template, tmp_path)
        server.start()
        picture = tmp_path / "demo.svg"
        try:
            done = example(server, "demo", "--rate", "0", "--svg", str(picture))
        finally:
            server.close()

        assert done.returncode == 0, done.stderr
        assert "1250/1250" in done.stdout
        assert "equal those of a bare River loop, to the last bit" in done.stdout
        assert len(server.database.learns("demo-phishing")) == 1250
        metrics = re.findall(METRIC, done.stdout)
        assert len(metrics) == 30
        assert re.findall(METRIC, text_of(picture)) == metrics
        assert re.findall(METRIC, text_of(PICTURE)) == metrics

    def test_asks_before_its_model_becomes_the_default_of_others(self, server: Server) -> None:
        from river import linear_model

        with server.client() as client:
            client.init("binary")
            client.upload(linear_model.LogisticRegression(), "mine")
        before = server.database.contents()

        # Nobody can be asked: its input is closed.
        refused = example(server, "demo", "--limit", "30", "--rate", "0")
        after = server.database.contents()
        agreed = example(server, "demo", "--limit", "30", "--rate", "0", "--yes")

        assert refused.returncode == 1
        assert refused.stderr == "Stopped; nothing was changed. (--yes: do not ask.)\n"
        assert after == before
        assert agreed.returncode == 0, agreed.stderr


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    outside = re.findall(r"""(?:url\(|href=|src=)["']?(?!#)[^"')]+""", PICTURE.read_text(encoding="utf-8"))

    assert outside == []
    assert "http://localhost:5000/" in text_of(PICTURE)


def text_of(picture: Path) -> str:
    """Return the words in a picture."""
    return "".join(ET.parse(picture).getroot().itertext()).replace("\xa0", " ")
