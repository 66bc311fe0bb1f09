import http.client
import pickle
import shutil
import signal
import socket
import sqlite3
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.management.processes import Served, manage, served
from tests.management.slow_models import SlowModel
from tests.servers.waiting import wait_until


@pytest.fixture
def another(folder: Path, tmp_path: Path) -> Path:
    """An instance that nobody serves yet."""
    return shutil.copytree(folder, tmp_path / "another", ignore=shutil.ignore_patterns("*.sock"))


class TestServe:
    def test_says_where_everything_is(self, server: Served) -> None:
        assert server.greeting.splitlines() == [
            f"API        {server.url}/api/",
            f"Dashboard  {server.url}/",
            f"Admin      {server.url}/admin/",
            f"API docs   {server.url}/api/docs",
        ]

    @pytest.mark.parametrize(
        "path", ["/", "/admin/login/", "/api/docs", "/api/schema", "/healthz", "/readyz"]
    )
    def test_serves_what_it_names(self, server: Served, path: str) -> None:
        assert httpx.get(server.url + path).status_code == 200

    def test_serves_static_files_without_collecting_them(self, server: Served) -> None:
        answer = httpx.get(f"{server.url}/static/admin/css/base.css")

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/css")
        assert len(answer.content) == int(answer.headers["content-length"])
        again = httpx.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304

    def test_has_browsers_load_from_nowhere_else(self, server: Served) -> None:
        policy = httpx.get(f"{server.url}/admin/login/").headers["content-security-policy"]

        assert policy.startswith("default-src 'self';")

    def test_refuses_a_foreign_host(self, server: Served) -> None:
        answer = httpx.get(f"{server.url}/api/models", headers={"Host": "evil.example"})

        assert (answer.status_code, answer.headers["error-code"]) == (403, "host_not_allowed")

    def test_refuses_another_site_before_its_body_is_sent(self, server: Served) -> None:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.putrequest("POST", "/api/model")
        connection.putheader("Origin", "https://evil.example")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()

        answer = connection.getresponse()

        assert (answer.status, answer.getheader("Error-Code")) == (403, "cross_site_request")
        connection.close()

    @pytest.mark.parametrize("command", ["serve", "runserver"])
    def test_keeps_another_from_serving_the_same_instance(
        self, server: Served, folder: Path, command: str
    ) -> None:
        ended = manage(folder, command, PORT="0")

        assert ended.returncode == 1
        assert f"served already, by process {server.process.pid} (" in ended.stderr
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert manage(folder, "list_models").returncode == 0

    def test_refuses_a_port_that_is_taken_before_it_makes_a_password(
        self, server: Served, tmp_path: Path
    ) -> None:
        port = str(urlsplit(server.url).port)

        ended = manage(tmp_path / "new", "serve", "--setup", "--port", port)

        assert ended.returncode == 1
        assert ended.stderr == (
            f"CommandError: PORT {port} of 127.0.0.1 cannot be used: Address already in use. "
            "Choose another: `PORT=8000 make run`, or `serve --port 8000`.\n"
        )
        assert "password" not in ended.stdout

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["--port", "70000"], "PORT 70000 cannot be used"),
            (["--host", "no.such.host.invalid", "--port", "0"], "HOST no.such.host.invalid cannot be used"),
        ],
    )
    def test_refuses_an_address_that_is_none(self, tmp_path: Path, arguments: list[str], reason: str) -> None:
        ended = manage(tmp_path / "new", "serve", *arguments)

        assert ended.returncode == 1
        assert reason in ended.stderr

    def test_refuses_a_database_that_is_not_migrated(self, tmp_path: Path) -> None:
        ended = manage(tmp_path / "new", "serve", "--port", "0")

        assert ended.returncode == 1
        assert "run `python manage.py setup` first" in ended.stderr

    def test_refuses_a_database_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "chantilly.sqlite3").write_text("no database, but longer than one page's header" * 100)

        ended = manage(tmp_path, "serve", "--port", "0")

        assert ended.returncode == 1
        assert ended.stderr == "CommandError: The database cannot be read: file is not a database.\n"


class TestHosts:
    def test_that_it_listens_on_are_allowed(self, another: Path) -> None:
        with served(another, "--host", "127.0.0.2") as running:
            assert running.url.startswith("http://127.0.0.2:")
            assert httpx.get(f"{running.url}/api/schema").status_code == 200

    def test_are_asked_for_where_it_listens_on_all_addresses(self, another: Path) -> None:
        with served(another, HOST="0.0.0.0", ALLOW_ANONYMOUS="1") as running:
            wait_until(lambda: "ALLOWED_HOSTS (now localhost, " in running.said)
            port = urlsplit(running.url).port
            assert httpx.get(f"http://127.0.0.2:{port}/api/schema").status_code == 403
            running.stop()

    def test_that_others_reach_are_refused_until_it_is_said_what_they_may(self, another: Path) -> None:
        for host in ("0.0.0.0", "::"):
            ended = manage(another, "serve", "--host", host, "--port", "0")

            assert ended.returncode == 1
            assert f"Others can reach {host}," in ended.stderr
            assert "AUTH_REQUIRED=1" in ended.stderr

    def test_that_others_reach_are_served_to_who_has_a_token(self, another: Path) -> None:
        with served(another, HOST="0.0.0.0", AUTH_REQUIRED="1") as running:
            assert httpx.get(f"{running.url}/api/models").status_code == 401
            assert httpx.get(f"{running.url}/readyz").status_code == 200

    def test_are_not_served_with_and_without_tokens(self, another: Path) -> None:
        ended = manage(another, "serve", "--port", "0", AUTH_REQUIRED="1", ALLOW_ANONYMOUS="1")

        assert ended.returncode == 1
        assert "AUTH_REQUIRED and ALLOW_ANONYMOUS are both on" in ended.stderr

    def test_are_not_served_with_limits_of_what_is_not_there(self, another: Path) -> None:
        ended = manage(another, "serve", "--port", "0", RATE_LIMITS="/api/lern=1/second")

        assert ended.returncode == 1
        assert "RATE_LIMITS: '/api/lern' is no address of the API." in ended.stderr


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_is_clean_and_leaves_the_database_whole(self, another: Path, number: int) -> None:
        with served(another) as running:
            code = running.stop(number)

        assert code == 0
        with sqlite3.connect(another / "chantilly.sqlite3") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_ends_open_streams(self, another: Path) -> None:
        with served(another) as running, httpx.stream("GET", f"{running.url}/api/stream/events") as stream:
            chunks = stream.iter_raw()
            next(chunks)
            rest: list[bytes] = []
            reader = threading.Thread(target=lambda: rest.extend(chunks), daemon=True)
            reader.start()

            code = running.stop()
            reader.join(60)

            assert code == 0
            assert not reader.is_alive()

    def test_does_not_wait_for_idle_connections(self, another: Path) -> None:
        with (
            served(another) as running,
            socket.create_connection(_address(running)),
            httpx.Client() as client,
        ):
            client.get(f"{running.url}/healthz")

            assert running.stop() == 0

    def test_finishes_what_was_accepted(self, another: Path, tmp_path: Path) -> None:
        with served(another) as running:
            # Who waits for a model that takes a second or more is refused.
            answers = _begin_slow_learn(running, tmp_path / "began", seconds=0.5)

            code = running.stop()

            assert code == 0
            assert answers.result(60).status_code == 201
        with served(another) as running:
            assert httpx.get(f"{running.url}/api/metrics").json()["MAE"] == 1.0

    def test_does_not_wait_for_a_model_that_never_returns(self, another: Path, tmp_path: Path) -> None:
        with served(another) as running:
            answers = _begin_slow_learn(running, tmp_path / "began", seconds=3600)

            running.stop()

            # Nothing is acknowledged: the connection ends, or the answer says that it was not done.
            error = answers.exception(60)
            assert isinstance(error, httpx.TransportError) or answers.result().is_server_error

    def test_ends_the_process_where_nothing_else_does(self, another: Path) -> None:
        script = (
            "import time, django; from django.core.management import call_command; django.setup(); "
            "from models_app.services import hooks; hooks.shutdown.add(lambda: time.sleep(3600)); "
            "call_command('serve', port=0)"
        )
        settings = {"DJANGO_SETTINGS_MODULE": "chantilly_project.settings", "SHUTDOWN_SECONDS": "1"}
        with served(another, program=["-c", script], **settings) as running:
            assert running.stop() == 1
            assert "did not stop in time" in running.said


def _begin_slow_learn(running: Served, began: Path, *, seconds: float) -> Future[httpx.Response]:
    """Send a learn that takes so long, and come back when the model is at it."""
    httpx.post(f"{running.url}/api/init", json={"flavor": "regression"}).raise_for_status()
    uploaded = httpx.post(f"{running.url}/api/model/slow", content=pickle.dumps(SlowModel()), timeout=60)
    uploaded.raise_for_status()
    body = {"features": {"began": str(began), "seconds": seconds}, "ground_truth": 1.0}
    pool = ThreadPoolExecutor(1)
    answer = pool.submit(httpx.post, f"{running.url}/api/learn", json=body, timeout=60)
    pool.shutdown(wait=False)
    while not began.exists():
        assert not answer.done(), answer.result().text
        time.sleep(0.02)
    return answer


def _address(running: Served) -> tuple[str, int]:
    parts = urlsplit(running.url)
    return str(parts.hostname), int(parts.port or 0)
