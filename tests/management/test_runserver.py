import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.management.processes import ROOT, environment, manage
from tests.servers.launchers import make_instance


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as drawn:
        return int(drawn.getsockname()[1])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The development server without its reloader, on the port that PORT names, and its URL."""
    instance, port = make_instance(tmp_path / "instance"), free_port()
    assert manage(instance, "setup").returncode == 0
    # Whoever starts the tests in the background has them ignore it, and what they start.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload"],
        cwd=ROOT,
        env=environment(instance, PORT=str(port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, handler)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def wait_until_it_answers(process: subprocess.Popen[str], url: str) -> None:
    while True:
        try:
            httpx.get(f"{url}/healthz")
        except httpx.ConnectError:
            assert process.poll() is None
            time.sleep(0.05)
        else:
            return


class TestRunserver:
    def test_refuses_an_address_that_others_reach_until_it_is_said_what_they_may(
        self, tmp_path: Path
    ) -> None:
        instance = make_instance(tmp_path / "instance")

        ended = manage(instance, "runserver", "--noreload", "0.0.0.0:0")

        assert ended.returncode == 1
        assert ended.stderr.startswith("CommandError: Others can reach 0.0.0.0,")

    def test_serves_with_the_engine_on_the_project_s_port_and_stops(
        self, running: tuple[subprocess.Popen[str], str]
    ) -> None:
        process, url = running

        wait_until_it_answers(process, url)

        for path in ("/readyz", "/api/schema", "/admin/login/", "/static/admin/css/base.css"):
            assert httpx.get(url + path).status_code == 200, path
        assert httpx.get(f"{url}/api/schema", headers={"Host": "evil.example"}).status_code == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
