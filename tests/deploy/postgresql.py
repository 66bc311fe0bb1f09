"""A PostgreSQL of the tests, with the project's tables and the rows of an instance."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from tests.deploy.grafana import DEPLOY
from tests.deploy.programs import free_port, program
from tests.servers.servers import Server, run_manage
from tests.servers.waiting import wait_until

OWNER = DATABASE = "chantilly"
READER = "chantilly_grafana"
_CONFIGURATION = """
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": {port},
        "NAME": "{name}",
        "USER": "{user}",
    }}
}}
"""
# It refuses to run as root; Debian's package makes this user.
_USER = "postgres" if os.getuid() == 0 else None


class PostgreSQL:
    """A cluster of its own in a temporary folder, on a port of 127.0.0.1."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chantilly-postgresql-"))
        self._port = free_port()
        if _USER is not None:
            shutil.chown(self._folder, _USER)

    def start(self) -> None:
        """Make the cluster, start it, and make the database."""
        data = str(self._folder / "data")
        options = ["--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run(
            [program("initdb"), "--pgdata", data, *options], check=True, capture_output=True, **self._as
        )
        listening = ["-h", "127.0.0.1", "-p", str(self._port), "-k", str(self._folder)]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                # -F: what is lost in a power cut is of no use to anybody.
                [program("postgres"), "-D", data, "-F", *listening],
                stdout=log,
                stderr=log,
                **self._as,
            )
        wait_until(self._is_ready)
        with self.connect(OWNER, "postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def stop(self) -> None:
        """End it, and delete everything."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        shutil.rmtree(self._folder)

    def connect(self, user: str, database: str = DATABASE) -> "psycopg.Connection[tuple[Any, ...]]":
        """Open a connection that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self._port, user=user, dbname=database, autocommit=True, connect_timeout=10
        )

    def fill(self, server: Server, instance: Path) -> None:
        """Copy a server's tables as docs/operations/monitoring.md does; `instance` is made."""
        instance.mkdir()
        configuration = _CONFIGURATION.format(port=self._port, name=DATABASE, user=OWNER)
        (instance / "config.py").write_text(configuration)
        rows = str(instance / "rows.json")
        _succeed(server.manage("dumpdata", "models_app", "monitoring", "--output", rows))
        for arguments in (["migrate"], ["flush", "--no-input"], ["loaddata", rows]):
            _succeed(run_manage(instance, *arguments))
        with self.connect(OWNER) as connection:
            connection.execute((DEPLOY / "postgresql" / "reader.sql").read_bytes())

    @property
    def _as(self) -> Mapping[str, Any]:
        # It looks at the folder that it is started in.
        return {"user": _USER, "group": _USER, "extra_groups": [], "cwd": self._folder} if _USER else {}

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self.connect(OWNER, "postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def _succeed(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, done.stderr
