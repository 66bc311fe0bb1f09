"""A page of another site, in a real browser: it can send nothing that changes something, and read nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.instances import logistic, records, send
from tests.servers.servers import Server

# Each tries what it can and gives what it got hold of: "refused" where the browser gave it nothing.
ASK = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return answer.type === "opaque" ? "opaque" : [answer.status, await answer.text()];
    } catch (error) { return "refused"; }
}"""
LISTEN = """url => new Promise(resolve => {
    const source = new EventSource(url);
    source.onopen = () => resolve("open");
    source.onmessage = event => resolve(event.data);
    source.onerror = () => { source.close(); resolve("refused"); };
})"""
CONNECT = """url => new Promise(resolve => {
    const socket = new WebSocket(url);
    socket.onopen = () => {
        socket.send('{"op": "learn", "id": "sea-0", "ground_truth": true}');
        resolve("open");
    };
    socket.onerror = () => resolve("refused");
})"""
SUBMIT = """([url, kind]) => {
    document.body.replaceChildren();
    const frame = document.createElement("iframe");
    frame.name = "there";
    const form = document.createElement("form");
    Object.assign(form, {action: url, method: "post", enctype: kind, target: "there"});
    const input = document.createElement("input");
    Object.assign(input, {name: '{"flavor": "regression", "x": "', value: '"}'});
    form.append(input);
    document.body.append(frame, form);
    form.submit();
}"""
FRAME = """url => new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.src = url;
    frame.onload = () => { try { resolve(frame.contentDocument?.body.innerText ?? "refused"); }
                           catch (error) { resolve("refused"); } };
    document.body.append(frame);
})"""
CHANGES = [
    ("POST", "/api/model", "a pickle"),
    ("POST", "/api/model/new", "a pickle"),
    ("DELETE", "/api/model/sea", None),
    ("POST", "/api/init", '{"flavor": "regression"}'),
    ("POST", "/api/predict", '{"features": {"x0": 1}, "id": "planted"}'),
    ("POST", "/api/learn", '{"id": "sea-0", "ground_truth": true}'),
    ("POST", "/api/stream", '{"op": "learn", "id": "sea-0", "ground_truth": true}\n'),
]
KINDS = ["text/plain", "application/json", "application/x-ndjson", "application/x-www-form-urlencoded"]
READS = [
    "/api/models",
    "/api/model/sea",
    "/api/metrics",
    "/api/labels?model=sea",
    "/metrics",
    "/",
    "/api/schema",
]


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a model that has predictions pending."""
    server = Server(template, tmp_path_factory.mktemp("other-sites"))
    server.start()
    with server.client() as client:
        client.init("binary")
        client.upload(logistic(), "sea")
    send(server, [record for record in records(20) if record["op"] == "predict"])
    yield server
    server.close()
    assert server.complaints == []


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><body>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of another site's server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving.server_port
        serving.shutdown()
        thread.join()


# On another port it is another origin of the same site; under another name it is another site, too.
@pytest.fixture(params=["localhost", "127.0.0.1"])
def page(request: pytest.FixtureRequest, browser: Browser, site: int) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://{request.param}:{site}/")
    yield page
    context.close()


class TestAnotherOrigin:
    @pytest.mark.parametrize("mode", ["cors", "no-cors"])
    def test_changes_nothing(self, server: Server, page: Page, mode: str) -> None:
        before = server.database.contents()

        answers = [
            page.evaluate(ASK, [_at(server, path), _options(method, body, kind, mode)])
            for method, path, body in CHANGES
            for kind in KINDS
        ]

        # What is opaque was sent, and its answer, a 403, cannot be read.
        assert {json.dumps(answer) for answer in answers} <= {'"refused"', '"opaque"'}
        assert server.database.contents() == before

    @pytest.mark.parametrize(
        "kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]
    )
    def test_changes_nothing_by_a_form(self, server: Server, page: Page, kind: str) -> None:
        before = server.database.contents()

        for path in [
            "/api/init",
            "/api/model",
            "/api/model/new",
            "/api/predict",
            "/api/learn",
            "/api/stream",
        ]:
            with page.expect_response(_at(server, path)) as answered:
                page.evaluate(SUBMIT, [_at(server, path), kind])
            assert answered.value.status == 403

        assert server.database.contents() == before

    def test_reads_nothing(self, server: Server, page: Page) -> None:
        answers = [page.evaluate(ASK, [_at(server, path), {"credentials": "include"}]) for path in READS]
        framed = page.evaluate(FRAME, _at(server, "/"))

        assert answers == ["refused"] * len(READS)
        assert framed == "refused"

    @pytest.mark.parametrize("path", ["/api/stream/events", "/api/stream/metrics", "/api/stream/live"])
    def test_hears_no_events(self, server: Server, page: Page, path: str) -> None:
        assert page.evaluate(LISTEN, _at(server, path)) == "refused"

    def test_opens_no_websocket(self, server: Server, page: Page) -> None:
        before = server.database.contents()

        assert page.evaluate(CONNECT, _at(server, "/ws/stream").replace("http", "ws", 1)) == "refused"

        assert server.database.contents() == before


class TestTheSameOrigin:
    def test_may_do_all_of_it(self, server: Server, browser: Browser) -> None:
        # Otherwise the tests above would pass where the page's scripts do nothing.
        context = browser.new_context()
        page = context.new_page()
        page.goto(_at(server, "/api/models"))
        options = _options("POST", '{"features": {"x0": 1}}', "application/json", "cors")

        predicted = page.evaluate(ASK, [_at(server, "/api/predict"), options])
        heard = page.evaluate(LISTEN, _at(server, "/api/stream/events"))
        connected = page.evaluate(CONNECT, _at(server, "/ws/stream").replace("http", "ws", 1))
        context.close()

        assert predicted[0] == 200
        assert (heard, connected) == ("open", "open")


def _at(server: Server, path: str) -> str:
    return f"http://localhost:{server.port}{path}"


def _options(method: str, body: str | None, kind: str, mode: str) -> dict[str, Any]:
    given = {"method": method, "mode": mode, "headers": {"Content-Type": kind}, "credentials": "include"}
    return given if body is None else {**given, "body": body}
