import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_origin

import pytest
from django.conf import settings

from chantilly_project import settings as project_settings
from chantilly_project.configuration import ConfigurationError, load
from chantilly_project.setting_table import SETTINGS, markdown_table

ROOT = Path(__file__).parents[2]


def write_config(base: Path, *lines: str) -> Path:
    file = base / "instance" / "config.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


class TestLoad:
    def test_gives_every_setting_its_default(self, tmp_path: Path) -> None:
        own = load({}, tmp_path).own

        assert set(own) == {setting.name for setting in SETTINGS}
        assert own["INSTANCE_PATH"] == tmp_path / "instance"
        assert own["PORT"] == 5000
        assert own["DEBUG"] is False
        assert own["HOT_MODELS_MAX_BYTES"] == 1024**3
        assert own["ALLOWED_HOSTS"] == ["localhost", ".localhost", "127.0.0.1", "[::1]"]

    def test_takes_the_environment_before_config_py_before_the_default(self, tmp_path: Path) -> None:
        write_config(tmp_path, "PORT = 6000", "ENGINE_THREADS = 3", "MAX_BODY_BYTES = '2M'")

        own = load({"PORT": "7000"}, tmp_path).own

        assert (own["PORT"], own["ENGINE_THREADS"], own["MAX_BODY_BYTES"]) == (7000, 3, 2 * 1024**2)
        assert own["HOT_MODELS_MAX"] == 5000

    def test_passes_django_settings_of_config_py_through(self, tmp_path: Path) -> None:
        write_config(tmp_path, "from pathlib import Path", "LOGGING = {'version': 1}", "lower = 1")

        found = load({}, tmp_path)

        assert found.django == {"LOGGING": {"version": 1}}

    def test_takes_a_variable_that_is_empty_as_not_set(self, tmp_path: Path) -> None:
        assert load({"PORT": "", "INSTANCE_PATH": ""}, tmp_path).own["PORT"] == 5000

    def test_has_config_py_know_where_the_instance_is(self, tmp_path: Path) -> None:
        write_config(tmp_path, "MEDIA_ROOT = INSTANCE_PATH / 'media'")

        assert load({}, tmp_path).django["MEDIA_ROOT"] == tmp_path / "instance" / "media"

    def test_makes_the_instance_folder_for_its_user_only(self, tmp_path: Path) -> None:
        folder = load({"INSTANCE_PATH": "here/below"}, tmp_path).own["INSTANCE_PATH"]

        assert folder == tmp_path / "here" / "below"
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_draws_the_secret_key_once(self, tmp_path: Path) -> None:
        first = load({}, tmp_path).own["SECRET_KEY"]
        second = load({}, tmp_path).own["SECRET_KEY"]

        assert first == second
        assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o777 == 0o600

    def test_draws_no_key_where_one_is_set(self, tmp_path: Path) -> None:
        key = "k" * 40

        assert load({"SECRET_KEY": key}, tmp_path).own["SECRET_KEY"] == key
        assert not (tmp_path / "instance" / "secret_key").exists()


class TestConfigurationErrors:
    def test_name_the_variable_its_value_its_source_and_what_is_allowed(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError) as caught:
            load({"ENGINE_THREADS": "many"}, tmp_path)

        assert str(caught.value) == (
            "ENGINE_THREADS has the value 'many' (from the environment); "
            "allowed: a whole number from 1 to 256."
        )

    def test_name_config_py_as_the_source(self, tmp_path: Path) -> None:
        file = write_config(tmp_path, "SQLITE_SYNCHRONOUS = 'OFF'")

        with pytest.raises(ConfigurationError, match=r"SQLITE_SYNCHRONOUS has the value 'OFF'") as caught:
            load({}, tmp_path)

        assert str(file) in str(caught.value)

    def test_name_the_line_of_config_py_that_failed(self, tmp_path: Path) -> None:
        file = write_config(tmp_path, "PORT = 1", "PORT = 1 / 0")

        with pytest.raises(ConfigurationError) as caught:
            load({}, tmp_path)

        assert str(caught.value) == f"{file}, line 2: ZeroDivisionError: division by zero"

    def test_are_raised_for_a_config_py_that_is_no_python(self, tmp_path: Path) -> None:
        write_config(tmp_path, "PORT = = 1")

        with pytest.raises(ConfigurationError, match=r"config\.py: SyntaxError: .*line 1"):
            load({}, tmp_path)

    def test_are_raised_for_a_config_py_that_moves_its_instance(self, tmp_path: Path) -> None:
        write_config(tmp_path, "INSTANCE_PATH = '/elsewhere'")

        with pytest.raises(ConfigurationError, match="INSTANCE_PATH cannot be set in"):
            load({}, tmp_path)

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("SNAPSHOT_KEPT", "SNAPSHOTS_KEPT"),
            ("ENGINE_THREAD", "ENGINE_THREADS"),
            ("ALLOWED_HOST", "ALLOWED_HOSTS"),
            ("TRUSTED_ORIGIN", "TRUSTED_ORIGINS"),
            ("SESION_COOKIE_SECURE", "SESSION_COOKIE_SECURE"),
            ("INSTALED_APPS", "INSTALLED_APPS"),
        ],
    )
    def test_name_the_setting_that_is_nearest_to_an_unknown_one(
        self, tmp_path: Path, name: str, nearest: str
    ) -> None:
        file = write_config(tmp_path, f"{name} = 1")

        with pytest.raises(ConfigurationError) as caught:
            load({}, tmp_path)

        assert str(caught.value).startswith(f"{name} in {file} is no setting. Did you mean {nearest}?")

    def test_say_how_to_name_what_is_no_setting(self, tmp_path: Path) -> None:
        write_config(tmp_path, "XYZZY = 1")

        with pytest.raises(
            ConfigurationError, match="is no setting. A name of your own may be in lower case"
        ):
            load({}, tmp_path)

    def test_are_not_raised_for_names_of_django_its_libraries_and_ones_own(self, tmp_path: Path) -> None:
        names = ["SESSION_COOKIE_NAME", "EMAIL_HOST", "LOGGING", "CHANNEL_LAYERS", "REST_FRAMEWORK"]
        mine = ["_MINE", "mine", "Mine", "SENTRY_DSN"]
        lines = [f"{name} = 'x'" for name in (*names, *mine)]
        write_config(tmp_path, *lines, "OTHER_SETTINGS = ['SENTRY_DSN']")

        assert load({}, tmp_path).django == dict.fromkeys([*names, "SENTRY_DSN"], "x")

    def test_are_raised_for_a_hash_seed_that_is_not_the_instances(self, tmp_path: Path) -> None:
        write_config(tmp_path, "HASH_SEED = 3")

        with pytest.raises(ConfigurationError, match="HASH_SEED cannot be set in"):
            load({}, tmp_path)

    def test_do_not_show_secrets(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError) as key_error:
            load({"SECRET_KEY": "hunter2"}, tmp_path)
        with pytest.raises(ConfigurationError) as url_error:
            load({"DATABASE_URL": "mysql://me:hunter2@db/x"}, tmp_path)

        with pytest.raises(ConfigurationError) as webhook_error:
            load({"ALERT_WEBHOOK_SECRET": "hunter2"}, tmp_path)

        assert "hunter2" not in str(webhook_error.value)
        assert "hunter2" not in str(key_error.value)
        assert "hunter2" not in str(url_error.value)
        assert "mysql://me:***@db/x" in str(url_error.value)

    def test_are_raised_where_the_instance_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(ConfigurationError, match="INSTANCE_PATH: .* cannot be made"):
            load({"INSTANCE_PATH": "file/instance"}, tmp_path)

    def test_are_raised_for_a_key_file_that_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / "instance").mkdir()
        (tmp_path / "instance" / "secret_key").touch()

        with pytest.raises(ConfigurationError, match="SECRET_KEY cannot be kept .*secret_key is empty"):
            load({}, tmp_path)

    @pytest.mark.parametrize("content", ["", "random", "-1", "4294967296", "1 2"])
    def test_are_raised_for_a_seed_file_with_anything_else(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "instance").mkdir()
        (tmp_path / "instance" / "hash_seed").write_text(content)

        with pytest.raises(ConfigurationError, match="hash seed cannot be kept .* a whole number from 0 to"):
            load({}, tmp_path)


class TestWhatIsDrawn:
    def test_is_one_however_many_processes_start_at_once(self, tmp_path: Path) -> None:
        code = (
            "import pathlib, sys; from chantilly_project.configuration import load; "
            "sys.stdin.read(); loaded = load({}, pathlib.Path(sys.argv[1])); "
            "print(loaded.own['SECRET_KEY'], loaded.hash_seed)"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        started = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(6)
        ]

        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        drawn = {_output_of(process) for process in started}

        assert len(drawn) == 1
        key, seed = drawn.pop().split()
        assert len(key) > 60
        assert 0 < int(seed) < 2**32
        assert {file.name for file in (tmp_path / "instance").iterdir()} == {"secret_key", "hash_seed"}


class TestTable:
    def test_is_what_django_settings_hold(self) -> None:
        types: dict[str, Any] = dict(project_settings.__annotations__)

        # That one is no setting: the instance keeps it.
        del types["HASH_SEED"]
        assert {setting.name for setting in SETTINGS} == {name for name in types if name.isupper()}
        for name, declared in types.items():
            if name.isupper():
                assert isinstance(getattr(settings, name), get_origin(declared) or declared), name

    def test_can_be_written_by_its_own_parsers(self) -> None:
        for setting in SETTINGS:
            if setting.default:
                setting.parser.read(setting.default)

    def test_is_printed_as_markdown(self) -> None:
        command = [sys.executable, "-m", "chantilly_project.setting_table"]
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

        assert printed == markdown_table()
        assert printed.count("\n") == len(SETTINGS) + 2
        assert "| `PORT` | `5000` |" in printed


class TestManage:
    def test_says_what_is_wrong_in_one_line_and_exits_with_1(self, tmp_path: Path) -> None:
        environ = os.environ | {"INSTANCE_PATH": str(tmp_path), "PORT": "x"}
        command = [sys.executable, "manage.py", "check", "--settings=chantilly_project.settings"]
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

        assert ended.returncode == 1
        assert ended.stderr == (
            "Configuration error: PORT has the value 'x' (from the environment); "
            "allowed: a whole number from 0 to 65535.\n"
        )

    @pytest.mark.parametrize(
        ("given", "url"),
        [
            ({"REDIS_HOST": "cache", "REDIS_PORT": "6380", "REDIS_DB": "2"}, "redis://cache:6380/2"),
            ({"REDIS_HOST": "cache", "REDIS_URL": "rediss://other"}, "rediss://other"),
        ],
    )
    def test_makes_one_address_of_the_settings_of_redis(
        self, tmp_path: Path, given: dict[str, str], url: str
    ) -> None:
        environ = os.environ | {"INSTANCE_PATH": str(tmp_path)} | given
        command = [sys.executable, "manage.py", "diffsettings", "--settings=chantilly_project.settings"]
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

        assert ended.returncode == 0, ended.stderr
        assert f"REDIS_URL = '{url}'" in ended.stdout
        assert f"'LOCATION': '{url}'" in ended.stdout

    def test_shows_no_password_of_redis(self, tmp_path: Path) -> None:
        environ = os.environ | {"INSTANCE_PATH": str(tmp_path), "REDIS_URL": "redis://me:guess@cache:x/"}
        command = [sys.executable, "manage.py", "check", "--settings=chantilly_project.settings"]
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

        assert ended.returncode == 1
        assert ended.stderr.startswith(
            "Configuration error: REDIS_URL has the value 'redis://me:***@cache:x/'"
        )
        assert "guess" not in ended.stderr


def _output_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    with process.stdout:
        printed = process.stdout.read()
    assert process.wait() == 0
    return printed
