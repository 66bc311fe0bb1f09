"""A Prometheus that scrapes a server of the tests twice a second, with this project's own configuration."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from tests.deploy.grafana import DEPLOY
from tests.deploy.programs import free_port
from tests.servers.waiting import wait_until

CONFIGURATION = DEPLOY / "prometheus" / "prometheus.yml"
INSTANCE = "tested"
INTERVAL = "500ms"


class Prometheus:
    """Debian's Prometheus on a port of 127.0.0.1, with its data in `folder`."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._file = folder / "prometheus.yml"
        self._log = folder / "prometheus.log"
        self._command = [
            binary,
            f"--config.file={self._file}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--log.level=warn",
        ]
        self._client = httpx.Client(trust_env=False, timeout=30)

    def start(self, target: int) -> Self:
        """Start it, with a server on this port to scrape."""
        self._configure(target)
        port = free_port()
        self._client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )
        wait_until(self._is_ready)
        return self

    def scrape(self, target: int) -> None:
        """Go on with the same server on another port; its instance stays the same."""
        self._configure(target)
        os.kill(self._process.pid, signal.SIGHUP)

    def stop(self) -> None:
        """End it."""
        self._client.close()
        self._process.terminate()
        self._process.wait(30)

    def get(self, path: str, **parameters: object) -> Any:
        """Return the data of an answer; an error of a query fails the test."""
        answer = self._client.get(f"/api/v1/{path}", params={k: str(v) for k, v in parameters.items()})
        body = answer.json()
        assert body["status"] == "success", (parameters, body)
        return body["data"]

    def now(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def _configure(self, target: int) -> None:
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        configuration["global"] = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
        (job,) = configuration["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{target}"], "labels": {"instance": INSTANCE}}]
        rules = [str(CONFIGURATION.parent / name) for name in configuration["rule_files"]]
        configuration["rule_files"] = rules
        self._file.write_text(yaml.safe_dump(configuration))

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False
