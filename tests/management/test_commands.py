"""The commands over the services, called within this process."""

import json
import logging
import pickle
import sqlite3
import sys
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from models_app.domain.errors import InvalidRequest, PredictionNotPending
from models_app.management.base import SWITCH_INTERVAL, message_line
from models_app.management.commands import delete_model, prune_predictions, verify_journal
from models_app.models import Configuration, JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.services import configuring, measuring, runtime, snapshotting, specifying
from models_app.services.verifying import Verification
from tests.own_models import Frozen
from tests.services.instances import Instance, logistic


def run(name: str, *arguments: str) -> str:
    printed = StringIO()
    call_command(name, *arguments, stdout=printed)
    return printed.getvalue()


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    file = tmp_path / "model.pickle"
    file.write_bytes(pickle.dumps(logistic()))
    return file


class TestInit:
    def test_sets_the_flavor_of_a_new_instance_without_asking(self, transactional_db: None) -> None:
        assert run("init", "regression") == "The flavor is regression.\n"
        assert configuring.get_flavor().name == "regression"

    @pytest.mark.parametrize("answer", ["yes", " YES "])
    def test_erases_when_the_user_agrees(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch, answer: str
    ) -> None:
        instance.upload("model")
        monkeypatch.setattr("sys.stdin", StringIO(f"{answer}\n"))

        printed = run("init", "multiclass")

        assert printed.startswith("This erases 1 model with all that was learned, ")
        assert printed.endswith("The flavor is multiclass.\n")
        assert not ServedModel.objects.exists()

    @pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", ""])
    def test_erases_nothing_otherwise(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch, answer: str
    ) -> None:
        instance.upload("one")
        instance.upload("two")
        before = Configuration.objects.get().epoch
        monkeypatch.setattr("sys.stdin", StringIO(answer))

        with pytest.raises(CommandError, match="Nothing was erased"):
            run("init", "multiclass")

        assert ServedModel.objects.count() == 2
        assert Configuration.objects.get().epoch == before

    def test_does_not_ask_where_it_is_asked_not_to(self, instance: Instance) -> None:
        instance.upload("model")

        run("init", "binary", "--no-input")

        assert not ServedModel.objects.exists()

    def test_refuses_a_flavor_that_does_not_exist(self, instance: Instance) -> None:
        with pytest.raises(CommandError, match="invalid choice: 'ranking'"):
            run("init", "ranking", "--no-input")

        assert configuring.get_flavor().name == "binary"


class TestAddModel:
    def test_serves_the_model_under_a_name_that_it_draws(self, instance: Instance, model_file: Path) -> None:
        name = run("add_model", str(model_file)).strip()

        served = ServedModel.objects.get()
        assert (served.name, served.is_default) == (name, True)

    def test_takes_a_name(self, instance: Instance, model_file: Path) -> None:
        assert run("add_model", str(model_file), "--name", "mine") == "mine\n"

    def test_takes_a_specification(self, instance: Instance, tmp_path: Path) -> None:
        file = tmp_path / "model.JSON"
        file.write_text('{"class": "linear_model.Perceptron"}')

        assert run("add_model", str(file), "--name", "mine") == "mine\n"
        assert specifying.get_spec(name="mine").short == {"class": "linear_model.Perceptron"}

    def test_names_the_places_of_what_is_none(self, instance: Instance, tmp_path: Path) -> None:
        file = tmp_path / "model.json"
        file.write_text('{"class": "linear_model.Perceptron", "params": {"l3": 0}}')

        with pytest.raises(CommandError, match=r"params\.l3: unknown parameter; did you mean l2"):
            run("add_model", str(file))

    def test_takes_metrics(self, instance: Instance, model_file: Path) -> None:
        run("add_model", str(model_file), "--name", "mine", "--metric", "ROCAUC", "--metric", "MCC")

        assert list(measuring.model_metrics(name="mine"))[-2:] == ["ROCAUC", "MCC"]

    def test_takes_a_flavor_where_there_is_none(self, transactional_db: None, model_file: Path) -> None:
        run("add_model", str(model_file), "--name", "mine", "--flavor", "multiclass")

        assert ServedModel.objects.get().flavor == "multiclass"

    def test_says_which_flavor_river_means(
        self, instance: Instance, model_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("add_model", str(model_file), "--flavor", "auto")

        assert ServedModel.objects.get().flavor == "binary"
        assert capsys.readouterr().err == "Note: Its flavor is binary.\n"

    def test_serves_a_model_that_only_predicts_where_that_is_asked_for(
        self, instance: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "frozen.pickle"
        file.write_bytes(pickle.dumps(Frozen(2.0)))
        arguments = ("add_model", str(file), "--name", "frozen", "--flavor", "regression")

        with pytest.raises(CommandError, match="add_model: --read-only"):
            run(*arguments)
        run(*arguments, "--read-only")

        assert ServedModel.objects.get().is_read_only
        assert capsys.readouterr().err.startswith("Note: It is read-only: it predicts, and learns nothing.")

    def test_refuses_a_metric_that_does_not_fit(self, instance: Instance, model_file: Path) -> None:
        with pytest.raises(CommandError, match="^metrics: 'R2' does not fit the flavor 'binary'"):
            run("add_model", str(model_file), "--metric", "R2")

    def test_refuses_a_file_that_is_not_there(self, instance: Instance, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"none\.pickle: No such file or directory"):
            run("add_model", str(tmp_path / "none.pickle"))

    def test_refuses_a_file_that_is_no_pickle(self, instance: Instance, tmp_path: Path) -> None:
        file = tmp_path / "model.txt"
        file.write_text("not a pickle\n")

        with pytest.raises(CommandError, match="The model cannot be unpickled"):
            run("add_model", str(file))

    def test_refuses_a_name_with_a_slash_in_one_line(self, instance: Instance, model_file: Path) -> None:
        with pytest.raises(CommandError, match="^name: must not contain a slash"):
            run("add_model", str(model_file), "--name", "a/b")

    def test_refuses_before_there_is_a_flavor(self, transactional_db: None, model_file: Path) -> None:
        with pytest.raises(CommandError, match="No flavor has been set"):
            run("add_model", str(model_file))


class TestDeleteModel:
    def test_deletes_with_what_is_pending(self, instance: Instance) -> None:
        instance.upload("model")
        instance.predict("1", "model")

        assert run("delete_model", "model") == "Deleted 'model'.\n"

        assert not ServedModel.objects.exists()
        assert not PendingPrediction.objects.exists()
        with pytest.raises(PredictionNotPending):
            instance.learn("1", ground_truth=True)

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(CommandError, match="^No model named 'nobody'\\.$"):
            run("delete_model", "nobody")


class TestUnknownModel:
    @pytest.mark.parametrize(
        "command",
        [
            ["delete_model", "Hause"],
            ["roll_back", "Hause"],
            ["roll_back", "Hause", "--seq", "1"],
            ["replay", "Hause", "--generation", "1"],
            ["export_model", "Hause", "out"],
            ["snapshot_models", "Hause"],
            ["verify_journal", "Hause"],
            ["watch_drift", "Hause"],
            ["feature_contract", "Hause"],
            ["feature_contract", "Hause", "--freeze"],
            ["learn", "FILE", "--model", "Hause", "--target", "y"],
            ["predict", "FILE", "--model", "Hause"],
        ],
    )
    def test_is_answered_with_names_like_it(
        self, instance: Instance, tmp_path: Path, command: list[str]
    ) -> None:
        for name in ("house", "mouse", "tree"):
            instance.upload(name)
        file = tmp_path / "file.csv"
        file.write_text("x,y\n1,true\n")

        with pytest.raises(CommandError, match=r"No model named 'Hause'\. Is it 'house'( or 'mouse')?\?$"):
            run(*(str(file) if word == "FILE" else word for word in command))


class TestListModels:
    def test_says_that_there_are_none(self, instance: Instance) -> None:
        assert run("list_models") == "No models.\n"
        assert json.loads(run("list_models", "--json")) == []

    def test_lays_a_table(self, instance: Instance) -> None:
        instance.upload("first")
        instance.upload("a-longer-name")
        instance.run("first", 4)
        snapshotting.take_snapshot(name="first")

        heading, longer, first = run("list_models").splitlines()

        assert heading == "NAME           DEFAULT  FLAVOR  LEARNS       SIZE  METRICS"
        assert longer.startswith("a-longer-name  default  binary       0  ")
        assert first.startswith("first                   binary       4  ")
        assert ", LogLoss 0." in first

    def test_reports_the_same_as_json(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 3)
        instance.predict("pending", "model")

        (reported,) = json.loads(run("list_models", "--json"))

        assert reported["name"] == "model"
        assert reported["flavor"] == "binary"
        assert reported["is_default"] is True
        assert (reported["n_learns"], reported["n_pending"]) == (3, 1)
        assert list(reported["metrics"]) == ["Accuracy", "LogLoss", "Precision", "Recall", "F1"]

    def test_reports_a_model_that_does_not_load(self, instance: Instance) -> None:
        instance.upload("model")
        Snapshot.objects.update(river_version="0.1.0", metric_values={})

        assert run("list_models").endswith("(does not load here)\n")


class TestExportModel:
    def test_writes_the_model_as_it_is_now(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("model")
        instance.run("model", 3)
        file = tmp_path / "out.pickle"

        printed = run("export_model", "model", str(file))

        assert printed == f"Wrote {file.stat().st_size:,} bytes to {file}.\n"
        assert pickle.loads(file.read_bytes())["StandardScaler"].counts["x"] == 3

    def test_replaces_a_file_and_leaves_no_other(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("model")
        file = tmp_path / "out.pickle"
        file.write_text("old")

        run("export_model", "model", str(file))

        assert pickle.loads(file.read_bytes())["StandardScaler"].counts["x"] == 0
        assert list(tmp_path.iterdir()) == [file]

    @pytest.mark.parametrize("target", ["no/such/folder/out.pickle", "."])
    def test_refuses_a_place_that_cannot_be_written(
        self, instance: Instance, tmp_path: Path, target: str
    ) -> None:
        instance.upload("model")

        with pytest.raises(CommandError, match=f"^{tmp_path}"):
            run("export_model", "model", str(tmp_path / target))

        assert list(tmp_path.iterdir()) == []

    def test_keeps_the_file_when_there_is_no_such_model(self, instance: Instance, tmp_path: Path) -> None:
        file = tmp_path / "out.pickle"
        file.write_text("old")

        with pytest.raises(CommandError, match="No model named 'nobody'"):
            run("export_model", "nobody", str(file))

        assert file.read_text() == "old"


class TestSnapshotModels:
    def test_takes_one_of_each_model(self, instance: Instance) -> None:
        for name in ("one", "two"):
            instance.upload(name)
        instance.run("two", 3)

        assert run("snapshot_models") == "one: snapshot at seq 0\ntwo: snapshot at seq 3\n"

    def test_takes_those_that_are_named_and_reports_the_others(self, instance: Instance) -> None:
        instance.upload("model")
        instance.run("model", 2)

        with pytest.raises(CommandError, match="^No snapshot of nobody: No model named 'nobody'\\.$"):
            run("snapshot_models", "nobody", "model")

        assert Snapshot.objects.filter(seq=2).exists()


class TestVerifyJournal:
    def test_prints_a_line_a_model(self, instance: Instance) -> None:
        for name in ("one", "two"):
            instance.upload(name)
        instance.run("two", 3)

        assert run("verify_journal").splitlines() == [
            "one: equal (learns 0 to 0, 0 snapshots compared)",
            "two: equal (learns 0 to 3, 0 snapshots compared)",
        ]

    def test_fails_where_anything_differs(self, instance: Instance) -> None:
        instance.upload("good")
        instance.upload("bad")
        instance.run("bad", 3)
        runtime.stop_engine(seconds=10)
        JournalSegment.objects.filter(first_seq=2).delete()
        printed = StringIO()

        with pytest.raises(CommandError, match="^The journal and the live state differ: bad\\.$"):
            call_command("verify_journal", stdout=printed)

        assert printed.getvalue().splitlines() == [
            "bad: DIFFERENT (learns 0 to 3, 0 snapshots compared)",
            "  After learn 1 the journal goes on with 3.",
            "good: equal (learns 0 to 0, 0 snapshots compared)",
        ]

    def test_finds_no_noise_in_generators_without_a_seed(self, instance: Instance) -> None:
        from river import tree

        instance.upload("tree", tree.HoeffdingTreeClassifier())
        instance.run("tree", 3)

        assert run("verify_journal", "tree").startswith("tree: equal (")

    def test_says_where_only_noise_differs(self) -> None:
        # As it does in snapshots of before generators without a seed were given one.
        noisy = Verification(
            name="tree", first_seq=0, seq=3, n_compared=1, has_unseeded=True, differences=()
        )  # fmt: skip

        assert verify_journal._summary(noisy) == (
            "tree: equal, but for random generators without a seed (learns 0 to 3, 1 snapshots compared)"
        )

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(CommandError, match="No model named 'nobody'"):
            run("verify_journal", "nobody")


class TestPrunePredictions:
    def test_deletes_the_old_ones(self, instance: Instance) -> None:
        instance.upload("model")
        instance.predict("old", "model", at=time.time() - 7200)
        instance.predict("new", "model", at=time.time() - 1800)

        assert run("prune_predictions", "--older-than", "1h") == "Deleted 1 pending prediction.\n"
        assert run("prune_predictions", "--older-than=1h") == "Deleted 0 pending predictions.\n"
        assert PendingPrediction.objects.get().prediction_id == "new"

    @pytest.mark.parametrize(
        ("text", "age"),
        [
            ("90s", timedelta(seconds=90)),
            ("15m", timedelta(minutes=15)),
            ("12h", timedelta(hours=12)),
            ("30d", timedelta(days=30)),
            ("8w", timedelta(weeks=8)),
        ],
    )
    def test_reads_ages(self, text: str, age: timedelta) -> None:
        assert prune_predictions.parse_age(text) == age

    @pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "3y", "1 d", "99999999999999d"])
    def test_refuses_what_is_no_age(self, instance: Instance, text: str) -> None:
        with pytest.raises(CommandError, match=f"'{text}' is no age"):
            run("prune_predictions", f"--older-than={text}")

    @pytest.mark.parametrize("text", ["9999999d", "999999999w"])
    def test_refuses_an_age_beyond_the_calendar(self, instance: Instance, text: str) -> None:
        with pytest.raises(CommandError, match="--older-than"):
            run("prune_predictions", f"--older-than={text}")

    def test_asks_for_an_age(self, instance: Instance) -> None:
        with pytest.raises(CommandError, match="required: --older-than"):
            run("prune_predictions")


class TestCommands:
    def test_wait_for_no_thread_that_computes(self, request: pytest.FixtureRequest) -> None:
        interval = sys.getswitchinterval()
        request.addfinalizer(lambda: logging.getLogger("models_app").setLevel(logging.NOTSET))
        request.addfinalizer(lambda: sys.setswitchinterval(interval))
        sys.setswitchinterval(0.005)

        with pytest.raises(SystemExit):
            delete_model.Command().run_from_argv(["manage.py", "delete_model"])

        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)


class TestErrors:
    def test_are_one_line_and_exit_code_1_for_wrong_arguments(
        self, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
    ) -> None:
        request.addfinalizer(lambda: logging.getLogger("models_app").setLevel(logging.NOTSET))

        with pytest.raises(SystemExit) as exit_info:
            delete_model.Command().run_from_argv(["manage.py", "delete_model"])

        assert exit_info.value.code == 1
        assert capsys.readouterr().err == "CommandError: the following arguments are required: NAME\n"

    def test_name_the_fields(self) -> None:
        error = InvalidRequest({"id": ["too\nlong", "odd"], "model": ["unknown"]})

        assert message_line(error.message) == "id: too long, odd; model: unknown"

    def test_say_that_the_database_is_busy(self, instance: Instance) -> None:
        instance.upload("model")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(CommandError, match="^The database cannot be used now: database is locked\\.$"):
            run("delete_model", "model")

        other.execute("ROLLBACK")
        other.close()
        assert ServedModel.objects.exists()
