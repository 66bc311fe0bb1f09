import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from river import linear_model, preprocessing, rules

from models_app.domain.errors import ModelNotReadable, ModelNotSuitable, UploadsBusy
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.trials import TrialResult
from models_app.services.trials.client import Helper
from models_app.services.trials.limits import Limits
from tests.paradigms.trial_models import Hesitant, Labels, Sleepy
from tests.refusals import asking
from tests.servers.waiting import wait_until
from tests.services.trials.evil import Learning, Unpickled
from tests.services.trials.of_django import OfDjango

LIMITS = Limits(seconds=30.0, memory_bytes=2 * 1024**3)
MODEL = preprocessing.StandardScaler() | linear_model.LinearRegression()


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.close()


def run(helper: Helper, model: Any, *, flavor: str = "regression", seconds: float = 30.0) -> TrialResult:
    return helper.run(pickle.dumps(model), flavor, Limits(seconds, LIMITS.memory_bytes))


def unpickled(helper: Helper, code: str, *, seconds: float = 30.0) -> str:
    """Return why an upload is refused that runs this code."""
    with pytest.raises(ModelNotReadable) as refusal:
        run(helper, Unpickled(code), seconds=seconds)
    return asking(str(refusal.value.message))


def learning(helper: Helper, code: str) -> str:
    with pytest.raises(ModelNotSuitable) as refusal:
        run(helper, Learning(code))
    return asking(str(refusal.value.message))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


class TestHelper:
    def test_says_what_was_found(self, helper: Helper) -> None:
        assert run(helper, MODEL) == TrialResult()
        assert run(helper, Labels(), flavor="binary") == TrialResult("predict_one")
        with pytest.raises(ModelNotSuitable, match="The model does not implement learn_one."):
            run(helper, 42)

    def test_says_which_flavor_a_model_is_for_where_none_was_named(self, helper: Helper) -> None:
        assert run(helper, MODEL, flavor=AUTO) == TrialResult(flavor="regression")
        assert run(helper, Sleepy(99.0), flavor=AUTO) == TrialResult(flavor="binary")
        with pytest.raises(ModelNotSuitable, match="int is of no class of River's"):
            run(helper, 42, flavor=AUTO)

    def test_tries_large_uploads(self, helper: Helper) -> None:
        model = rules.AMRules()
        model.padding = os.urandom(20 * 1024**2)

        assert run(helper, model) == TrialResult()

    @pytest.mark.parametrize(
        ("code", "reported"),
        [
            ("import os; os._exit(0)", "exit code 0"),
            ("import os; os._exit(3)", "exit code 3"),
            ("import os; os.kill(os.getpid(), 11)", "signal SIGSEGV"),
            ("import os; os.abort()", "signal SIGABRT"),
            ("import os; os.kill(0, 9)", "signal SIGKILL"),
            ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
            ("from river.stats import RollingQuantile as Q; Q(0.5, 2**40)", "signal SIGABRT"),
            ("raise SystemExit(2)", "SystemExit: 2"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt"),
            ("bytearray(2**40)", "UPLOAD_MEMORY"),
            ("a = []\nwhile True: a.append(bytearray(2**24))", "UPLOAD_MEMORY"),
        ],
    )
    def test_survives_what_an_upload_does(self, helper: Helper, code: str, reported: str) -> None:
        before = run(helper, MODEL), helper.pid

        assert reported in unpickled(helper, code)

        assert (run(helper, MODEL), helper.pid) == before

    @pytest.mark.parametrize(
        ("code", "reported"),
        [
            ("import os; os._exit(7)", "exit code 7"),
            ("import os; os.kill(os.getpid(), 11)", "signal SIGSEGV"),
            ("bytearray(2**40)", "UPLOAD_MEMORY"),
        ],
    )
    def test_survives_what_a_model_does(self, helper: Helper, code: str, reported: str) -> None:
        assert reported in learning(helper, code)

    @pytest.mark.parametrize(
        "code",
        [
            "import time; time.sleep(99)",
            "while True: pass",
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)",
        ],
    )
    def test_ends_what_does_not_come_back(self, helper: Helper, code: str) -> None:
        assert "longer than 1 s: let it do less in its __setstate__" in unpickled(helper, code, seconds=1.0)

    def test_writes_no_files(self, helper: Helper, tmp_path: Path) -> None:
        notes = tmp_path / "notes"
        notes.write_text("before")
        code = f"with open({str(notes)!r}, 'a') as file: file.write('learned')"

        # To write is no part of what it is asked for: with features of its own it may do without.
        assert run(helper, Learning(code)) == TrialResult()

        assert notes.read_text() == "before"

    def test_hears_nothing_of_forks(self, helper: Helper) -> None:
        assert run(helper, Learning("import os; os.fork()")) == TrialResult()

    def test_takes_models_of_modules_that_need_django(self, helper: Helper) -> None:
        assert run(helper, OfDjango()) == TrialResult()

    def test_takes_models_that_are_slow_to_learn(self, helper: Helper) -> None:
        started = time.monotonic()

        assert run(helper, Hesitant(99.0)) == TrialResult()
        assert run(helper, Hesitant(99.0), flavor="binary") == TrialResult("predict_one")

        assert time.monotonic() - started < 2 * 99

    def test_has_none_of_the_servers_descriptors(self, helper: Helper, tmp_path: Path) -> None:
        with (tmp_path / "database").open("w") as database, socket.socket() as connection:
            os.set_inheritable(database.fileno(), True)
            connection.set_inheritable(True)
            reported = unpickled(helper, "import os; raise ValueError(len(os.listdir('/proc/self/fd')))")

        # The three standard ones, the trial's socket, and the folder that is read.
        assert "ValueError: 5 (" in reported

    def test_knows_no_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("SECRET_KEY", "ALERT_WEBHOOK_SECRET", "DATABASE_URL", "REDIS_URL", "SOME_PASSWORD"):
            monkeypatch.setenv(name, "hush")
        monkeypatch.setenv("OF_NO_INTEREST", "hush")
        fresh = Helper()

        reported = unpickled(
            fresh, "import os; raise ValueError([n for n, value in os.environ.items() if value == 'hush'])"
        )

        assert "ValueError: [] (" in reported
        fresh.close()

    def test_has_the_servers_hash_seed_and_recursion_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONHASHSEED", "7")
        fresh, limit = Helper(), sys.getrecursionlimit()
        sys.setrecursionlimit(limit + 123)
        try:
            reported = unpickled(fresh, "import sys; raise ValueError(sys.getrecursionlimit(), hash('a'))")
        finally:
            sys.setrecursionlimit(limit)
            fresh.close()

        hashed = subprocess.run(
            [sys.executable, "-c", "print(hash('a'))"], capture_output=True, text=True, check=True
        ).stdout.strip()
        assert f"ValueError: ({limit + 123}, {hashed}) (" in reported

    def test_serves_many_at_once(self, helper: Helper) -> None:
        models = [MODEL, Unpickled("import os; os._exit(1)"), 42, Labels()] * 6

        def outcome(model: Any) -> str:
            try:
                return repr(run(helper, model))
            except (ModelNotReadable, ModelNotSuitable) as error:
                return error.code

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(outcome, models))

        assert (
            outcomes
            == [repr(TrialResult()), "model_not_readable", "model_not_suitable", repr(TrialResult())] * 6
        )

    def test_lets_a_sleeper_keep_nobody_waiting(self, helper: Helper) -> None:
        run(helper, MODEL)
        with ThreadPoolExecutor(8) as pool:
            sleeping = [
                pool.submit(unpickled, helper, "import time; time.sleep(99)", seconds=3.0) for _ in range(8)
            ]

            assert run(helper, MODEL) == TrialResult()
            assert not any(one.done() for one in sleeping)


class TestLifetime:
    def test_starts_again_after_it_died(self) -> None:
        helper = Helper()
        run(helper, MODEL)
        first = helper.pid
        assert first is not None
        os.kill(first, 9)
        wait_until(lambda: not is_running(first))

        assert run(helper, MODEL) == TrialResult()
        assert helper.pid != first
        helper.close()

    def test_starts_again_where_it_dies_with_a_trial(self) -> None:
        helper = Helper()
        run(helper, MODEL)
        pid = helper.pid
        assert pid is not None
        with ThreadPoolExecutor(1) as pool:
            sleeping = pool.submit(unpickled, helper, "import time; time.sleep(99)", seconds=2.0)
            wait_until(lambda: children(pid) != "")
            os.kill(pid, 9)

            with pytest.raises(UploadsBusy):
                sleeping.result()

        assert run(helper, MODEL) == TrialResult()
        assert helper.pid != pid
        helper.close()

    def test_ends_with_the_server(self, tmp_path: Path) -> None:
        """Whatever ends it."""
        script = (
            "import os, pickle, signal\n"
            "from models_app.services.trials.client import helper\n"
            "from models_app.services.trials.limits import Limits\n"
            "from river import linear_model\n"
            "helper.run(pickle.dumps(linear_model.LinearRegression()), 'regression', Limits(30.0, 2**31))\n"
            "print(helper.pid, flush=True)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

        assert done.returncode == -9, done.stderr
        wait_until(lambda: not is_running(int(done.stdout)))

    # Python 3.12 and newer warn of threads.
    @pytest.mark.filterwarnings("ignore:.*is multi-threaded:DeprecationWarning")
    def test_is_not_shared_with_a_fork(self) -> None:
        helper = Helper()
        run(helper, MODEL)
        here = helper.pid
        pid = os.fork()
        if pid == 0:
            is_own = run(helper, MODEL) == TrialResult() and helper.pid != here
            helper.close()
            os._exit(0 if is_own else 1)
        _, status = os.waitpid(pid, 0)

        assert os.waitstatus_to_exitcode(status) == 0
        assert (run(helper, MODEL), helper.pid) == (TrialResult(), here)
        helper.close()

    def test_says_where_there_is_no_process_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        helper = Helper()
        monkeypatch.setattr(sys, "executable", "/nowhere/python")

        with pytest.raises(UploadsBusy):
            run(helper, MODEL)

    def test_says_where_it_cannot_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        helper = Helper()
        monkeypatch.setattr(sys, "path", ["/nowhere"])

        with pytest.raises(UploadsBusy):
            run(helper, MODEL)
