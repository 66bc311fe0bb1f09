"""Processes start under their instance's hash seed, and are otherwise what they would have been."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chantilly_project import starting

ROOT = Path(__file__).parents[2]
SEED = 4711
#: Says how it runs, once the start is done.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from chantilly_project import starting
starting.ensure_hash_seed()
import json, os
from models_app.domain import hash_seeds
print(json.dumps({{
    "is_in_force": hash_seeds.is_in_force({SEED}),
    "pid": os.getpid(),
    "argv": sys.argv[1:],
    "stdin": sys.stdin.read(),
    "options": [sys._xoptions, sys.warnoptions, sys.flags.optimize, sys.flags.dont_write_bytecode],
    "leftovers": [name for name in os.environ if name.startswith("_CHANTILLY")],
    "modules": len(sys.modules),
}}))
sys.stdout.flush()
os.kill(os.getpid(), {{"terminate": 15, "hang_up": 1}}.get(sys.argv[-1], 0))
sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An instance folder that has the seed."""
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / starting.SEED_FILE).write_text(f"{SEED}\n")
    return folder


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return str(path)


def environment(folder: Path, **variables: str) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))
    }
    return inherited | {"INSTANCE_PATH": str(folder)} | variables


def run(folder: Path, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Run Python with these arguments and some input; return its exit code and what the program said."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder.parent,
        env=environment(folder, **variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    printed, _ = process.communicate("first line\nlast line", timeout=60)
    said: dict[str, Any] = json.loads(printed)
    assert said.pop("pid") == process.pid
    assert said["stdin"] == "first line\nlast line"
    assert said["leftovers"] == []
    return process.returncode, said


class TestStart:
    @pytest.mark.parametrize("seed", [None, "", "random", "0", "1"])
    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["-R"],
            ["-E"],
            ["-ERB"],
            ["-X", "dev"],
            ["-Xutf8=1", "-W", "ignore"],
            ["-OO", "-Wignore", "-R"],
        ],
        ids=" ".join,
    )
    def test_is_under_the_instances_seed_whatever_was_asked_for(
        self, folder: Path, script: str, seed: str | None, options: list[str]
    ) -> None:
        variables = {} if seed is None else {"PYTHONHASHSEED": seed}
        arguments = [*options, script, "-R", "serve", "--port=0", ""]

        code, said = run(folder, *arguments, **variables)

        assert said["is_in_force"]
        assert code == 7
        # The same, where nothing had to be done.
        already = [option.replace("R", "").replace("E", "") for option in arguments[: len(options)]]
        kept = [option for option in already if option != "-"]
        _, expected = run(folder, *kept, *arguments[len(options) :], PYTHONHASHSEED=str(SEED))
        assert said == expected

    @pytest.mark.parametrize("how", ["module", "code", "another program's"])
    def test_keeps_the_way_in_which_it_was_started(self, folder: Path, script: str, how: str) -> None:
        ways = {
            "module": ["-m", "program", "a", "b"],
            "code": ["-c", PROGRAM, "a", "b"],
            # As debuggers and `coverage run` do; this one has its own exit code.
            "another program's": ["-m", "cProfile", "-o", os.devnull, script, "a", "b"],
        }

        code, said = run(folder, *ways[how])

        assert said["is_in_force"]
        assert said["argv"] == ["a", "b"]
        assert code == (0 if how == "another program's" else 7)

    @pytest.mark.parametrize(("signal_at_the_end", "code"), [("terminate", -signal.SIGTERM), ("hang_up", 7)])
    def test_keeps_what_signals_do(
        self, folder: Path, script: str, signal_at_the_end: str, code: int
    ) -> None:
        process = subprocess.Popen(
            # As nohup does.
            ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, script, signal_at_the_end],
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        printed, _ = process.communicate(timeout=60)

        assert json.loads(printed)["is_in_force"]
        assert process.returncode == code

    def test_keeps_open_files(self, folder: Path, tmp_path: Path) -> None:
        code = PROGRAM.replace("sys.exit(7)", "sys.exit(os.read(int(sys.argv[1]), 9) != b'inherited')")
        (tmp_path / "file").write_text("inherited")
        with (tmp_path / "file").open("rb") as file:
            process = subprocess.run(
                [sys.executable, "-c", code, str(file.fileno())],
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[file.fileno()],
                check=False,
            )

        assert json.loads(process.stdout)["is_in_force"]
        assert process.returncode == 0

    def test_goes_on_under_another_seed_rather_than_for_ever(self, folder: Path, script: str) -> None:
        # Isolated, Python ignores the environment, and its program cannot know how to say it otherwise.
        code, said = run(folder, "-I", script)

        assert not said["is_in_force"]
        assert code == 7

    def test_goes_on_where_no_other_program_can_be_started(self, folder: Path) -> None:
        code = "import sys; sys.executable = '/nowhere/python'\n" + PROGRAM

        assert not run(folder, "-c", code)[1]["is_in_force"]

    def test_goes_on_where_it_does_not_know_how_it_was_started(self, folder: Path) -> None:
        code = "import sys; sys.orig_argv = []\n" + PROGRAM

        assert not run(folder, "-c", code)[1]["is_in_force"]

    @pytest.mark.parametrize("content", ["", "one", "4294967296"])
    def test_leaves_a_wrong_seed_to_the_configuration(self, folder: Path, script: str, content: str) -> None:
        (folder / starting.SEED_FILE).write_text(content)

        assert run(folder, script)[0] == 7

    def test_leaves_a_folder_that_cannot_be_made_to_the_configuration(
        self, folder: Path, script: str
    ) -> None:
        code, _ = run(folder, script, INSTANCE_PATH=str(folder / starting.SEED_FILE / "instance"))

        assert code == 7


class TestSeed:
    def test_is_drawn_at_the_first_start_and_kept(self, tmp_path: Path, script: str) -> None:
        folder = tmp_path / "new"

        run(folder, script)

        drawn = starting.read_seed(str(folder / starting.SEED_FILE))
        assert folder.stat().st_mode & 0o777 == 0o700
        code = PROGRAM.replace(f"is_in_force({SEED})", f"is_in_force({drawn})")
        assert run(folder, "-c", code)[1]["is_in_force"]
        assert starting.read_seed(str(folder / starting.SEED_FILE)) == drawn

    def test_is_drawn_for_an_instance_that_has_none(self, tmp_path: Path, script: str) -> None:
        (tmp_path / "old").mkdir()

        run(tmp_path / "old", script, "--settings=tests.settings")

        assert (tmp_path / "old" / starting.SEED_FILE).exists()

    @pytest.mark.parametrize(
        ("arguments", "variables"),
        [
            (["check", "--settings", "tests.settings"], {}),
            (["check", "--settings=tests.settings"], {}),
            (["check"], {"DJANGO_SETTINGS_MODULE": "tests.settings"}),
        ],
        ids=["argument", "one argument", "variable"],
    )
    def test_of_other_settings_makes_no_instance_here(
        self, tmp_path: Path, script: str, arguments: list[str], variables: dict[str, str]
    ) -> None:
        run(tmp_path / "none", script, *arguments, **variables)

        assert not (tmp_path / "none").exists()

    @pytest.mark.parametrize("path", ["instance", "./instance", "~/instance", " instance "])
    def test_is_that_of_the_folder_that_the_configuration_takes(
        self, folder: Path, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(starting, "_BASE", str(folder.parent))
        monkeypatch.setenv("HOME", str(folder.parent))
        monkeypatch.setenv("INSTANCE_PATH", path)

        assert starting._instance_seed(["manage.py"]) == SEED


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (["manage.py", "-R", "-E"], ["manage.py", "-R", "-E"]),
            (["-R", "manage.py"], ["manage.py"]),
            (["-BER", "-uE", "manage.py"], ["-B", "-u", "manage.py"]),
            (["-W", "-R", "-X", "-E", "manage.py"], ["-W", "-R", "-X", "-E", "manage.py"]),
            (["-RWERROR", "-XERROR", "manage.py"], ["-WERROR", "-XERROR", "manage.py"]),
            (["-Rm", "REM", "-R"], ["-m", "REM", "-R"]),
            (["-Ec", "R", "-E"], ["-c", "R", "-E"]),
            (["-mRE", "-R"], ["-mRE", "-R"]),
            (["--check-hash-based-pycs", "never", "-R", "x"], ["--check-hash-based-pycs", "never", "x"]),
            (["-R", "-", "-R"], ["-", "-R"]),
            (["-R", "--", "manage.py"], ["--", "manage.py"]),
            (["-R"], []),
            (["-X"], ["-X", ""]),
        ],
        ids=str,
    )
    def test_that_would_ignore_the_seed_are_left_out_before_the_program(
        self, given: list[str], kept: list[str]
    ) -> None:
        assert starting._without_seed_options(given) == kept
