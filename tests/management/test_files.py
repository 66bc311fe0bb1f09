"""`learn` and `predict`: from files, to the last bit what a bare loop gives."""

import csv
import gzip
import io
import json
import pickle
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from river import datasets, linear_model, preprocessing

from models_app.domain import predictions
from models_app.management.file_commands import INTERRUPTED
from models_app.models import PendingPrediction, ServedModel
from models_app.services import folding, measuring
from models_app.services.exporting import export_model
from models_app.services.folding import InstanceMetrics
from tests.management.processes import manage, served
from tests.servers.folds import Fold, state_of
from tests.servers.launchers import make_instance
from tests.services.instances import Instance, logistic

SAMPLES = list(datasets.Phishing())


@pytest.fixture(autouse=True)
def metrics_of_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests' database begins anew with the ids of segments that this process has seen already.
    monkeypatch.setattr(folding, "_instance", InstanceMetrics())


@pytest.fixture
def phishing(instance: Instance) -> Instance:
    """An instance with a model for the Phishing set."""
    instance.upload("phishing", logistic())
    return instance


def run(name: str, *arguments: object) -> str:
    printed = StringIO()
    call_command(name, *map(str, arguments), stdout=printed, stderr=StringIO())
    return printed.getvalue()


def csv_text(samples: list[tuple[dict[str, Any], Any]] = SAMPLES) -> str:
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow([*samples[0][0], "is_phishing"])
    writer.writerows([*x.values(), y] for x, y in samples)
    return written.getvalue()


def ndjson(samples: list[tuple[dict[str, Any], Any]] = SAMPLES) -> str:
    return "".join(json.dumps({"features": x, "ground_truth": y}) + "\n" for x, y in samples)


def flat(samples: list[tuple[dict[str, Any], Any]] = SAMPLES) -> str:
    return "".join(json.dumps({**x, "is_phishing": y}) + "\n" for x, y in samples)


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return file


def bare_loop(samples: list[tuple[dict[str, Any], Any]] = SAMPLES) -> tuple[Fold, list[Any]]:
    fold = Fold(logistic(), "binary")
    predicted = []
    for x, y in samples:
        predicted.append(fold.model.predict_proba_one(x))
        fold.learn(x, y, predicted[-1])
    return fold, predicted


def compare(fold: Fold) -> None:
    assert ServedModel.objects.get(name="phishing").seq == fold.seq
    assert measuring.model_metrics(name="phishing") == fold.scores.values()
    assert measuring.instance_metrics() == fold.scores.values()
    assert state_of(pickle.loads(export_model(name="phishing"))) == state_of(fold.model)


class _Stdin:
    """Standard input that is no file; `then` is called where it has no more."""

    def __init__(self, text: str, then: Any = None) -> None:
        class Pipe(io.RawIOBase):
            content = io.BytesIO(text.encode())

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                n: int = self.content.readinto(buffer)
                if n == 0 and then is not None:
                    then()
                return n

        self.buffer = io.BufferedReader(Pipe())


class TestLearn:
    @pytest.mark.parametrize(
        ("name", "text", "arguments"),
        [
            ("history.csv", csv_text, ["--target", "is_phishing"]),
            ("history.csv.gz", csv_text, ["--target", "is_phishing"]),
            ("history.ndjson", ndjson, []),
            ("history.jsonl.gz", ndjson, []),
            ("history.ndjson", flat, ["--target", "is_phishing"]),
            ("history", csv_text, ["--format", "csv", "--target", "is_phishing"]),
        ],
    )
    def test_gives_what_a_bare_loop_gives(
        self, phishing: Instance, tmp_path: Path, name: str, text: Any, arguments: list[str]
    ) -> None:
        file = write(tmp_path, name, text())

        printed = run("learn", file, "--model", "phishing", *arguments)

        fold, _ = bare_loop()
        compare(fold)
        learned, model = printed.splitlines()
        assert learned.startswith("Learned 1,250 records in ")
        accuracy = fold.scores.values()["Accuracy"]
        assert model.startswith(f"phishing, learns 1 to 1,250: Accuracy {accuracy:.4g}, LogLoss 0.")
        assert run("verify_journal", "phishing").startswith("phishing: equal (learns 0 to 1,250, ")

    def test_takes_up_where_the_api_left_off(self, phishing: Instance, tmp_path: Path) -> None:
        run("learn", write(tmp_path, "1.ndjson", ndjson(SAMPLES[:100])), "--model", "phishing")
        x, y = SAMPLES[100]
        phishing.predict("100", "phishing", **x)
        phishing.learn("100", y)
        run("learn", write(tmp_path, "2.ndjson", ndjson(SAMPLES[101:200])), "--model", "phishing")

        compare(bare_loop(SAMPLES[:200])[0])

    def test_reads_standard_input(self, phishing: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", _Stdin(ndjson(SAMPLES[:300])))

        printed = run("learn", "-", "--format", "ndjson", "--model", "phishing")

        assert printed.startswith("Learned 300 records in ")
        compare(bare_loop(SAMPLES[:300])[0])

    def test_stops_at_a_bad_line_and_keeps_what_was_learned(self, phishing: Instance, tmp_path: Path) -> None:
        lines = csv_text().splitlines(keepends=True)
        file = write(
            tmp_path, "history.csv", "".join([*lines[:501], lines[501][:-6] + "maybe\n", *lines[502:]])
        )
        printed = StringIO()

        with pytest.raises(CommandError) as caught:
            call_command("learn", str(file), "--model=phishing", "--target=is_phishing", stdout=printed)

        assert str(caught.value) == (
            f"{file}, line 502: ground_truth: must be true or false (or 1 or 0) for a binary classification"
        )
        assert printed.getvalue().startswith("Learned 500 records in ")
        assert "; " not in printed.getvalue().splitlines()[0]
        compare(bare_loop(SAMPLES[:500])[0])

    def test_goes_on_from_a_line(self, phishing: Instance, tmp_path: Path) -> None:
        good = csv_text().splitlines(keepends=True)
        bad = [*good[:300], "no row\n", *good[301:]]
        arguments = ["--model", "phishing", "--target", "is_phishing"]
        with pytest.raises(CommandError, match=r"line 301: The row has 1 columns, the header 10\.$"):
            run("learn", write(tmp_path, "history.csv", "".join(bad)), *arguments)

        run("learn", write(tmp_path, "history.csv", "".join(good)), *arguments, "--from-line", 301)

        compare(bare_loop()[0])

    def test_skips_bad_lines_where_it_is_asked_to(
        self, phishing: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        x, _ = SAMPLES[0]
        text = ndjson(SAMPLES[:200]) + "nonsense\n" * 30
        text += json.dumps({"features": dict.fromkeys(x, "text"), "ground_truth": True}) + "\n"
        file = write(tmp_path, "history.ndjson", text + ndjson(SAMPLES[200:400]))

        printed = run("learn", file, "--model", "phishing", "--skip-errors")

        assert printed.splitlines()[0].endswith(" a second), skipped 31.")
        assert printed.startswith("Learned 400 records in ")
        reported = capsys.readouterr().err.splitlines()
        assert reported[0].startswith(f"{file}, line 201: JSON is malformed")
        assert len(reported) == 20
        compare(bare_loop(SAMPLES[:400])[0])

    def test_says_what_was_learned_after_a_line_on_which_the_model_raised(
        self, phishing: Instance, tmp_path: Path
    ) -> None:
        x, y = SAMPLES[0]
        broken = {**x, next(iter(x)): "text"}
        file = write(tmp_path, "history.ndjson", ndjson([*SAMPLES[:300], (broken, y), *SAMPLES[300:]]))
        printed = StringIO()

        with pytest.raises(CommandError, match=r"history\.ndjson, line 301: TypeError\("):
            call_command("learn", str(file), "--model=phishing", stdout=printed)

        n_learned = ServedModel.objects.get().seq
        n_late = n_learned - 300
        assert printed.getvalue().startswith(f"Learned {n_learned:,} records in ")
        late = f"; {n_late:,} of them after line 301, up to line {n_learned + 1}."
        assert printed.getvalue().splitlines()[0].endswith(late if n_late else " a second).")
        compare(bare_loop(SAMPLES[:n_learned])[0])

    def test_finishes_what_is_under_way_when_it_is_interrupted(
        self, phishing: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = signal.getsignal(signal.SIGINT)
        pipe = _Stdin(ndjson(SAMPLES[:1_000]), then=lambda: signal.raise_signal(signal.SIGINT))
        monkeypatch.setattr("sys.stdin", pipe)
        printed = StringIO()

        with pytest.raises(CommandError, match=r"^Interrupted\.$") as caught:
            call_command("learn", "-", "--format=ndjson", "--model=phishing", stdout=printed)

        assert caught.value.returncode == INTERRUPTED
        assert signal.getsignal(signal.SIGINT) is before
        n_learned = ServedModel.objects.get().seq
        assert printed.getvalue().startswith(f"Learned {n_learned:,} record")
        compare(bare_loop(SAMPLES[:n_learned])[0])

    def test_shows_its_progress_on_a_terminal(
        self, phishing: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Terminal(StringIO):
            def isatty(self) -> bool:
                return True

        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", terminal)

        run("learn", write(tmp_path, "history.ndjson", ndjson()), "--model", "phishing")

        assert "%|" in terminal.getvalue()
        assert "/s" in terminal.getvalue()

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["none.csv", "--target", "y"], "none.csv: No such file or directory"),
            (["file.csv"], "--target COLUMN is needed: which column is the ground truth?"),
            (["file.ndjson", "--string", "zip"], "--target COLUMN is needed"),
            (["file.txt"], "'file.txt' does not say its format: say --format csv or --format ndjson."),
            (["-"], "Standard input does not say its format"),
            (["file.csv", "--target", "y", "--from-line", "0"], "'0' is no line: they are counted from 1."),
            (["file.csv", "--target", "y", "--model", "nobody"], "No model named 'nobody'."),
        ],
    )
    def test_refuses_what_it_cannot_use(
        self,
        phishing: Instance,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        reason: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("file.csv", "file.ndjson", "file.txt"):
            write(tmp_path, name, "x,y\n1,2\n")

        with pytest.raises(CommandError) as caught:
            run("learn", "--model", "phishing", *arguments)

        assert reason in str(caught.value)

    def test_refuses_before_there_is_a_flavor(self, transactional_db: None, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"^No flavor has been set\.$"):
            run("learn", write(tmp_path, "history.ndjson", ndjson()), "--model", "phishing")


class TestPredict:
    @pytest.fixture
    def warm(self, phishing: Instance, tmp_path: Path) -> Fold:
        """A model that has learned, and the bare loop's."""
        run("learn", write(tmp_path, "history.ndjson", ndjson(SAMPLES[:200])), "--model", "phishing")
        return bare_loop(SAMPLES[:200])[0]

    def reported(self, fold: Fold) -> list[dict[str, Any]]:
        return [
            {"model": "phishing", "prediction": predictions.to_json(fold.model.predict_proba_one(x))}
            for x, _ in SAMPLES
        ]

    @pytest.mark.parametrize(
        ("name", "text", "arguments"),
        [
            ("new.csv.gz", csv_text, ["--target", "is_phishing"]),
            ("new.csv", csv_text, ["--ignore", "is_phishing", "--model", "phishing"]),
            ("new.ndjson", flat, ["--flat", "--ignore", "is_phishing"]),
            ("new.ndjson", lambda: "".join(json.dumps({"features": x}) + "\n" for x, _ in SAMPLES), []),
        ],
    )
    def test_gives_what_the_model_predicts(
        self, warm: Fold, tmp_path: Path, name: str, text: Any, arguments: list[str]
    ) -> None:
        printed = run("predict", write(tmp_path, name, text()), *arguments)

        assert [json.loads(line) for line in printed.splitlines()] == self.reported(warm)
        assert not PendingPrediction.objects.exists()
        compare(warm)

    def test_writes_a_file(self, warm: Fold, tmp_path: Path) -> None:
        output = tmp_path / "predictions.ndjson"

        printed = run(
            "predict", write(tmp_path, "new.csv", csv_text()), "--target", "is_phishing", "--output", output
        )

        assert printed.startswith("Predicted 1,250 records in ")
        assert [json.loads(line) for line in output.read_text().splitlines()] == self.reported(warm)

    @pytest.mark.parametrize("name", ["new.csv", "new.ndjson"])
    def test_keeps_what_has_an_id(self, warm: Fold, phishing: Instance, tmp_path: Path, name: str) -> None:
        samples = [({**x, "no": f"n{number}"}, y) for number, (x, y) in enumerate(SAMPLES[200:300])]
        text = csv_text(samples) if name == "new.csv" else flat(samples)

        run("predict", write(tmp_path, name, text), "--target", "is_phishing", "--id", "no")

        assert PendingPrediction.objects.count() == 100
        expected = [warm.model.predict_proba_one(x) for x, _ in SAMPLES[200:300]]
        for number, (x, y) in enumerate(SAMPLES[200:300]):
            phishing.learn(f"n{number}", y)
            warm.learn(x, y, expected[number])
        compare(warm)

    def test_stops_at_a_bad_line(self, warm: Fold, tmp_path: Path) -> None:
        good = json.dumps({"features": SAMPLES[0][0]})
        file = write(tmp_path, "new.ndjson", f"{good}\n{good}\n{{}}\n{good}\n")
        printed = StringIO()

        with pytest.raises(CommandError, match=r"new\.ndjson, line 3: features: required field$"):
            call_command("predict", str(file), stdout=printed, stderr=StringIO())

        assert len(printed.getvalue().splitlines()) == 2

    def test_answers_bad_lines_in_their_place_where_it_is_asked_to(self, warm: Fold, tmp_path: Path) -> None:
        good = json.dumps({"features": SAMPLES[0][0]})
        file = write(tmp_path, "new.ndjson", f"{good}\n{{\n{good}\n")

        answers = [json.loads(line) for line in run("predict", file, "--skip-errors").splitlines()]

        assert answers[0] == answers[2] == self.reported(warm)[0]
        assert answers[1] == {
            "error": "invalid_request",
            "message": "Input data was truncated.",
            "line": 2,
        }

    def test_does_not_write_over_what_it_reads(self, warm: Fold, tmp_path: Path) -> None:
        file = write(tmp_path, "new.ndjson", flat())

        with pytest.raises(CommandError, match="it is the file to read from"):
            run("predict", file, "--flat", "--output", tmp_path / "." / "new.ndjson")

        assert file.read_text() == flat()

    def test_refuses_where_there_is_no_model(self, instance: Instance, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"line 1: No default model has been set\.$"):
            run("predict", write(tmp_path, "new.ndjson", flat()), "--flat")


class TestBesideAServer:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = make_instance(tmp_path / "instance")
        done = manage(folder, "setup")
        assert done.returncode == 0, done.stderr
        return folder

    def test_takes_effect_at_its_next_request(self, folder: Path, tmp_path: Path) -> None:
        first = write(tmp_path, "1.csv", csv_text(SAMPLES[:500]))
        second = write(tmp_path, "2.csv.gz", csv_text(SAMPLES[501:]))
        model = pickle.dumps(preprocessing.StandardScaler() | linear_model.LogisticRegression())
        arguments = ["--model", "phishing", "--target", "is_phishing"]
        with served(folder) as server, httpx.Client(base_url=server.url, timeout=30) as client:
            client.post("/api/init", json={"flavor": "binary"}).raise_for_status()
            client.post("/api/model/phishing", content=model).raise_for_status()

            done = manage(folder, "learn", str(first), *arguments)
            x, y = SAMPLES[500]
            client.post("/api/learn", json={"features": x, "ground_truth": y}).raise_for_status()
            again = manage(folder, "learn", str(second), *arguments)
            metrics = client.get("/api/metrics").json()
            model_now = client.get("/api/model/phishing").content

        assert (done.returncode, done.stderr) == (0, "")
        assert (again.returncode, again.stderr) == (0, "")
        fold, _ = bare_loop()
        assert metrics == fold.scores.values()
        assert state_of(pickle.loads(model_now)) == state_of(fold.model)

    def test_reports_a_bad_line_in_one_line(self, folder: Path, tmp_path: Path) -> None:
        manage(folder, "init", "regression")
        file = write(tmp_path, "history.ndjson", "nonsense\n")

        ended = manage(folder, "predict", str(file))

        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr.splitlines()[-1].startswith(f"CommandError: {file}, line 1: JSON is malformed")
