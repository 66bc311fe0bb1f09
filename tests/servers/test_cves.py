"""Classes of holes that servers of models have had, each by its id, tried on this one.

The table in docs/explanation/security.md has them all. Those of webhooks (CVE-2026-2393) are in
tests/monitoring/webhook/test_attempts.py, and the ways around lists of what a pickle may call in
tests/domain/listed.
"""

import http.client
import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from river import linear_model

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server

FEATURES = {"x": 1.5}
EVIL = {"Origin": "https://evil.example"}
SECRET = "what no answer may have in it"
METHODS = ["POST", "PUT", "PATCH", "DELETE"]
ROUTES = [
    "/api/model/{}",
    "/api/model/{}/estimates",
    "/api/model/{}/contract",
    "/models/{}/",
    "/models/{}/pipeline/",
    "/docs/{}",
    "/static/{}",
    "/api/labels?model={}",
    "/api/metrics?model={}",
    "/api/metrics/history?model={}",
]
STEPS = [
    "../",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%2f",
    "....//",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "%c0%ae%c0%ae/",
]
CLIMBS = ["", "/", "%00/", "house%00/", "file:///", "house/" + "../" * 20, *(step * 20 for step in STEPS)]
PLANTED = [
    *("../planted", "%2e%2e%2fplanted", "..", "%2e%2e", ".", "..%5cplanted", "..\\planted", "planted%00.pkl"),
    *("%2ftmp%2fplanted", "/tmp/planted", "C:%5cplanted", "%252e%252e%252fplanted", "~root", "file:planted"),
]
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._path), "w")


@pytest.fixture
def house(client: Client) -> str:
    """A model that has a prediction pending."""
    client.init("regression")
    client.upload(linear_model.LinearRegression(), "house")
    client.predict(features=FEATURES, id=1)
    return "house"


@pytest.fixture(scope="module")
def closed(template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer) -> Iterator[Server]:
    """A server that takes any pickle, of who has a token."""
    server = Server(
        template, tmp_path_factory.mktemp("closed"), forks, AUTH_REQUIRED="1", MODEL_UPLOADS="any"
    )
    server.start()
    yield server
    server.close()
    assert server.complaints == []


def addresses(client: Client) -> list[str]:
    """Return every address of the schema and some that it leaves out, with a model's name."""
    schema = client.request("GET", "/api/schema?format=json", headers={"Accept": "application/json"}).json
    found = [path.replace("{name}", "house") for path in schema["paths"]]
    assert len(found) > 15
    return [*found, "/admin/login/", "/models/house/", "/compare/"]


def raw(server: Server, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send an address as it stands: nothing in it is put in order."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    # Of http.client's own: what it would refuse is what has to be sent.
    connection._validate_path = lambda path: None  # type: ignore[attr-defined]
    connection.putrequest(method, path)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def files(folder: Path) -> set[str]:
    """Return what a folder has, without what SQLite writes beside its database."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {path for path in found if ".sqlite3" not in path}


class TestUnauthenticatedPicklesCve2025_27520AndCve2024_2912:  # noqa: N801
    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "application/vnd.bentoml+pickle"},
            {"Content-Type": "application/python-pickle"},
            {"Content-Type": "application/octet-stream"},
            {
                "Content-Type": "application/json",
                "Payload-Container": "NdarrayContainer",
                "Payload-Meta": "{}",
            },
            {"Content-Type": "application/json", "Content-Encoding": "pickle"},
        ],
        ids=str,
    )
    def test_are_not_opened_where_no_model_is_taken(
        self, server: Server, client: Client, house: str, headers: dict[str, str], tmp_path: Path
    ) -> None:
        bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
        before = server.database.contents()

        for path in ["/api/predict", "/api/learn", "/api/init", "/api/stream"]:
            answer = client.request("POST", path, bomb, headers)
            # The stream answers line by line.
            assert 400 <= answer.status < 500 or (path == "/api/stream" and b"message" in answer.body), path

        assert not (tmp_path / "exploded").exists()
        assert server.database.contents() == before

    @pytest.mark.parametrize("path", ["/api/model", "/api/model/new", "/api/model/house/"])
    def test_of_other_sites_are_not_opened(
        self, server: Server, client: Client, house: str, path: str, tmp_path: Path
    ) -> None:
        before = server.database.contents()

        answer = client.request("POST", path, pickle.dumps(Bomb(tmp_path / "exploded")), EVIL)

        assert (answer.status, answer.code) == (403, "cross_site_request")
        assert not (tmp_path / "exploded").exists()
        assert server.database.contents() == before

    @pytest.mark.parametrize("authorization", [None, "Bearer nobodys", "Basic YWRhOnNlY3JldA=="], ids=str)
    @pytest.mark.parametrize("path", ["/api/model", "/api/model/new", "/api/model/new/"])
    def test_are_not_opened_without_a_token(
        self, closed: Server, path: str, authorization: str | None, tmp_path: Path
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        with closed.client() as client:
            answer = client.request("POST", path, pickle.dumps(Bomb(tmp_path / "exploded")), headers)

        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert not (tmp_path / "exploded").exists()


class TestPagesThatPostToLocalhostCve2023_43472:  # noqa: N801
    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"Origin": "https://evil.example"}, "cross_site_request"),
            ({"Origin": "null"}, "cross_site_request"),
            ({"Origin": "http://localhost:1"}, "cross_site_request"),
            ({"Sec-Fetch-Site": "cross-site"}, "cross_site_request"),
            ({"Sec-Fetch-Site": "same-site"}, "cross_site_request"),
            ({"Host": "evil.example"}, "host_not_allowed"),
            ({"Host": "localhost.evil.example"}, "host_not_allowed"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/api/model"),
            ("POST", "/api/model/new/"),
            ("POST", "/api/predict"),
            ("POST", "/api/learn"),
            ("POST", "/api/init"),
            ("DELETE", "/api/model/house"),
        ],
    )
    def test_is_refused_before_its_body_is_read(
        self, server: Server, client: Client, headers: dict[str, str], code: str, method: str, path: str
    ) -> None:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
        connection.putrequest(method, path, skip_host="Host" in headers)
        # A body that never comes: who waits for it gives no answer.
        for name, value in {**headers, "Content-Length": "100"}.items():
            connection.putheader(name, value)
        connection.endheaders()

        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()

        assert (response.status, response.getheader("Error-Code")) == (403, code)
        assert list(answer) == ["message"]

    def test_changes_nothing(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "house")
        client.predict(features=FEATURES, id=1)
        before = server.database.contents()
        headers = {"Origin": "https://evil.example"}

        for method, path, body in [
            ("POST", "/api/model/new", pickle.dumps(linear_model.LinearRegression())),
            ("POST", "/api/learn", b'{"id": 1, "ground_truth": 2}'),
            ("POST", "/api/init", b'{"flavor": "binary"}'),
            ("DELETE", "/api/model/house", b""),
        ]:
            assert client.request(method, path, body, headers).status == 403

        assert server.database.contents() == before

    def test_may_be_trusted(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks, TRUSTED_ORIGINS="https://friend.example")
        body = b'{"flavor": "binary"}'
        with server.client() as client:
            friend = client.request("POST", "/api/init", body, {"Origin": "https://friend.example"})
            own = client.request("POST", "/api/init", body, {"Sec-Fetch-Site": "same-origin"})
            other = client.request("POST", "/api/init", body, {"Origin": "https://friend.example.org"})

        assert (friend.status, own.status, other.status) == (201, 201, 403)

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    )
    def test_do_not_get_through_with_what_a_browser_sends_without_asking(
        self, server: Server, client: Client, house: str, kind: str
    ) -> None:
        before = server.database.contents()

        answer = client.request(
            "POST", "/api/learn", b'{"id": 1, "ground_truth": 2}', {**EVIL, "Content-Type": kind}
        )

        assert (answer.status, answer.code) == (403, "cross_site_request")
        assert server.database.contents() == before


class TestNamesBoundToLocalhostCve2025_14279AndCve2025_62593:  # noqa: N801
    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.nip.io", "0.0.0.0"],
    )
    @pytest.mark.parametrize("agent", ["Mozilla/5.0 Firefox/140.0", "curl/8.0", ""])
    def test_can_neither_read_nor_write(
        self, server: Server, client: Client, house: str, host: str, agent: str
    ) -> None:
        # After the name has been bound anew, a page and its requests are of the same origin.
        headers = {
            "Host": host,
            "User-Agent": agent,
            "Sec-Fetch-Site": "same-origin",
            "Origin": f"http://{host}",
        }
        before = server.database.contents()

        answers = [
            client.request("GET", "/api/models", headers=headers),
            client.request("GET", "/api/model/house", headers=headers),
            client.request("GET", "/", headers=headers),
            client.request("POST", "/api/init", b'{"flavor": "binary"}', headers),
            client.request("DELETE", "/api/model/house", headers=headers),
        ]

        assert [(answer.status, answer.code) for answer in answers] == [(403, "host_not_allowed")] * 5
        # Last: who is let in waits there for events.
        assert client.request("GET", "/api/stream/events", headers=headers).status == 403
        assert server.database.contents() == before


class TestGuardsThatForgetMethodsCve2026_27482:  # noqa: N801
    @pytest.mark.parametrize("method", [*METHODS, "TRACE", "PROPFIND", "delete"])
    def test_is_none_on_any_route(self, server: Server, client: Client, house: str, method: str) -> None:
        before = server.database.contents()

        for path in addresses(client):
            answer = client.request(method, path, b"{}", EVIL)
            # A method that is none is refused while the head is read.
            assert answer.status == 403 or (method == "delete" and answer.status in {400, 405, 501}), path

        assert server.database.contents() == before

    @pytest.mark.parametrize("header", OVERRIDES)
    @pytest.mark.parametrize("method", ["DELETE", "POST"])
    def test_takes_no_other_method_than_the_request_s(
        self, server: Server, client: Client, house: str, header: str, method: str
    ) -> None:
        before = server.database.contents()

        for path in ["/api/model/house", f"/api/model/house?_method={method}&method={method}", "/api/models"]:
            client.request("GET", path, headers={**EVIL, header: method})
            client.request("HEAD", path, headers={header: method})
            client.request("OPTIONS", path, headers={header: method})

        assert server.database.contents() == before


class TestTraversalByNamesCve2023_1177:  # noqa: N801
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        """A file that no answer may show."""
        (tmp_path / "secret.txt").write_text(SECRET)
        return tmp_path / "secret.txt"

    @pytest.mark.parametrize("route", ROUTES)
    def test_reads_no_file(
        self, server: Server, client: Client, house: str, secret: Path, route: str
    ) -> None:
        target = str(secret).removeprefix("/")

        for climb in CLIMBS:
            for name in [climb + target, climb + target.replace("/", "%2f"), climb + target + "%00.txt"]:
                status, body = raw(server, "GET", route.format(name))

                assert status < 500, name
                assert SECRET.encode() not in body, name

    def test_writes_and_deletes_no_file(self, server: Server, client: Client, house: str) -> None:
        model = pickle.dumps(linear_model.LinearRegression())
        before = files(server.instance.parent)

        for name in PLANTED:
            created, _ = raw(server, "POST", f"/api/model/{name}", model)
            deleted, _ = raw(server, "DELETE", f"/api/model/{name}")

            assert created in {201, 301, 400, 404, 405}, name
            assert deleted in {200, 204, 301, 400, 404, 405}, name
            assert files(server.instance.parent) == before, name
        assert client.get("/api/models").json["models"] == ["house"]

    @pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", "a\x00b", "a/b"])
    def test_finds_nothing_by_a_field(self, server: Server, client: Client, house: str, name: str) -> None:
        before = server.database.contents()

        answers = [
            client.predict(features=FEATURES, model=name),
            client.learn(features=FEATURES, ground_truth=1, model=name),
        ]

        assert all(400 <= answer.status < 500 for answer in answers)
        assert server.database.contents() == before


class TestLoadersThatTakeTrustedFromTheFile:
    """Of MLflow's loaders of skops files: the file said itself which types were to be trusted."""

    def test_takes_no_word_of_a_file_or_a_request_for_it(
        self, start: Start, forks: ForkServer, tmp_path: Path
    ) -> None:
        server = start(launcher=forks, MODEL_UPLOADS="river")
        bomb = Bomb(tmp_path / "exploded")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(
                "schema.json", json.dumps({"trusted": ["builtins.open"], "__loader__": "ReduceNode"})
            )
            packed.writestr("model.pkl", pickle.dumps(bomb))
        said = {"trusted": ["io.open", "builtins.open"], "model": bomb}
        bodies = [pickle.dumps(said), pickle.dumps([said["trusted"], bomb]), archive.getvalue()]

        with server.client() as client:
            client.init("regression")
            before = server.database.contents()
            answers = [client.request("POST", "/api/model/new", body) for body in bodies]
            by_header = client.request(
                "POST", "/api/model/new", bodies[0], {"Trusted": "io.open", "X-Trusted": "*"}
            )
            by_parameter = client.request("POST", "/api/model/new?trusted=io.open", bodies[0])

        assert all(400 <= answer.status < 500 for answer in [*answers, by_parameter])
        for answer in (answers[0], by_header):
            assert "'io.open' is not allowed" in answer.message
        assert not (tmp_path / "exploded").exists()
        assert server.database.contents() == before

    def test_takes_no_word_of_the_database_for_it(
        self, start: Start, forks: ForkServer, tmp_path: Path
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "house")
        server.stop()
        bomb = blobs.compress(pickle.dumps(Bomb(tmp_path / "exploded")))
        server.database.rows("UPDATE models_app_snapshot SET model_bytes = ?, signature = ''", bomb)

        server.start()
        with server.client() as client:
            answer = client.predict(features=FEATURES)

        assert (answer.status, answer.code) == (503, "model_not_loadable")
        assert not (tmp_path / "exploded").exists()
