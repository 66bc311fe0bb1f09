"""The image, the containers and the unit are what their own programs take, and keep the server in."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from chantilly_project.setting_table import BY_NAME
from tests.deploy.grafana import DEPLOY
from tests.deploy.programs import program
from tests.deploy.units import UNIT, values

CONTAINER = DEPLOY / "container"
COMPOSE: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text())
SCALED: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.scale.yaml").read_text())
#: Of both files; the second adds to the server of the first.
SERVICES: dict[str, dict[str, Any]] = {**SCALED["services"], **COMPOSE["services"]}
FILES = ["compose.yaml", "compose.scale.yaml"]
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


class TestImage:
    def test_is_what_hadolint_takes(self) -> None:
        done = run(BIN / "hadolint", CONTAINER / "Dockerfile")

        assert done.returncode == 0, done.stdout

    def test_would_be_refused_with_a_fault(self, tmp_path: Path) -> None:
        wrong = tmp_path / "Dockerfile"
        wrong.write_text((CONTAINER / "Dockerfile").read_text() + "RUN cd /tmp && sudo true\n")

        assert run(BIN / "hadolint", wrong).returncode == 1

    def test_has_what_the_lock_file_says_to_the_hash_and_no_root(self) -> None:
        text = (CONTAINER / "Dockerfile").read_text()

        assert "--require-hashes --requirement /build/requirements.lock" in text
        assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001"]
        assert len(re.findall(r"^FROM ", text, re.MULTILINE)) == 2

    def test_gets_no_secret_and_no_instance(self) -> None:
        lines = (CONTAINER / "Dockerfile.dockerignore").read_text().splitlines()

        assert lines[1] == "*"
        named = {line[1:] for line in lines if line.startswith("!")}
        assert all((DEPLOY.parent / name).exists() for name in named)
        assert not named & {"instance", "deploy", ".git"}


class TestCompose:
    def check(self, file: Path) -> "subprocess.CompletedProcess[str]":
        return run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)

    @pytest.mark.parametrize("file", FILES)
    def test_is_as_the_specification_has_it(self, file: str) -> None:
        done = self.check(CONTAINER / file)

        assert done.returncode == 0, done.stdout

    @pytest.mark.parametrize("file", FILES)
    def test_would_be_refused_with_a_fault(self, tmp_path: Path, file: str) -> None:
        wrong = tmp_path / file
        shutil.copy(CONTAINER / file, wrong)
        wrong.write_text(wrong.read_text().replace("read_only:", "read-only:"))

        assert self.check(wrong).returncode == 1

    @pytest.mark.parametrize("name", SERVICES)
    def test_keeps_each_container_in(self, name: str) -> None:
        service = SERVICES[name]

        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.keys() & {"privileged", "cap_add", "devices", "pid"}
        # Whose own program would change from root to another user, which no capability is left for.
        assert service.get("user") in {None, "postgres", "redis"}
        assert ":latest" not in service["image"]

    def test_names_files_that_are_there_or_are_made(self) -> None:
        of_the_operator = {"./tls", "./secrets/read_token", "./secrets/grafana_password"}
        mounted = {
            volume.partition(":")[0]
            for service in SERVICES.values()
            for volume in service.get("volumes", [])
            if volume.startswith(".")
        }
        files = mounted | {secret["file"] for secret in COMPOSE["secrets"].values()}
        files.add(SERVICES["server"]["env_file"])

        assert {file for file in files if not (CONTAINER / file).exists()} == of_the_operator

    def test_has_prometheus_do_what_it_does_without_containers(self) -> None:
        here = yaml.safe_load(COMPOSE["configs"]["prometheus"]["content"])
        there = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())

        (job,) = here["scrape_configs"]
        assert job.pop("authorization") == {"credentials_file": "/run/secrets/read_token"}
        assert here == there

    def test_has_the_server_use_what_the_other_file_adds(self) -> None:
        added = SCALED["services"]["server"]

        assert added.keys() == {"environment", "depends_on"}
        assert added["depends_on"].keys() == SCALED["services"].keys() - {"server"}
        environment, postgresql = added["environment"], SERVICES["postgresql"]["environment"]
        assert urlsplit(environment["REDIS_URL"]).hostname in SERVICES
        password = postgresql["POSTGRES_PASSWORD"]
        database = urlsplit(environment["DATABASE_URL"].replace(password, "password"))
        assert database.password == "password"
        assert database.hostname in SERVICES
        assert (database.username, database.path) == (
            postgresql["POSTGRES_USER"], "/" + postgresql["POSTGRES_DB"]
        )  # fmt: skip

    @pytest.mark.parametrize("environment", [SCALED["services"]["server"]["environment"]])
    def test_has_settings_that_there_are(self, environment: dict[str, str]) -> None:
        assert environment.keys() <= BY_NAME.keys()

    def test_gives_a_stop_the_time_that_it_takes(self) -> None:
        assert SERVICES["server"]["stop_grace_period"] == "15s"
        assert values("TimeoutStopSec") == ["15"]


@pytest.fixture
def analyze() -> str:
    return program("systemd-analyze")


class TestUnit:
    def test_is_what_systemd_takes(self, analyze: str, tmp_path: Path) -> None:
        # Of a user and a program that are here.
        text = UNIT.read_text().replace("User=chantilly", "User=daemon")
        file = tmp_path / UNIT.name
        file.write_text(text.replace("/opt/chantilly/.venv/bin/python", sys.executable))
        wrong = tmp_path / "wrong.service"
        wrong.write_text(file.read_text().replace("ProtectSystem=strict", "ProtectSystem=very"))

        assert run(analyze, "verify", file).stderr == ""
        assert "Failed to parse protect system value" in run(analyze, "verify", wrong).stderr

    def test_leaves_little_open(self, analyze: str) -> None:
        # Tenths of systemd's measure of exposure, of which a unit that says nothing has 9.6.
        done = run(analyze, "security", "--no-pager", "--offline=true", "--threshold=20", UNIT)

        assert done.returncode == 0, done.stdout + done.stderr

    def test_reads_settings_and_keeps_the_instance_where_the_documents_say(self) -> None:
        assert values("EnvironmentFile") == ["/etc/chantilly.env"]
        assert values("Environment") == ["INSTANCE_PATH=/var/lib/chantilly"]
        assert values("StateDirectory") == ["chantilly"]
