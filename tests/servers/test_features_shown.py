"""What is shown of features: all that a server shows is walked through, for values that nobody else has.

The answers to who sends features are not looked at: they are that client's own.
"""

import json
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from river import bandit, compose, feature_extraction, naive_bayes, reco, tree

from tests.access.routes import routes
from tests.own_models import Telltale
from tests.servers.clients import Answer, Client
from tests.servers.collectors import Collector, collecting
from tests.servers.listeners import Heard, listening
from tests.servers.servers import Server, run_manage
from tests.servers.waiting import wait_until

WHO, SIZE = "Zephyrine", 7654321098.25
#: As texts, numbers and JSON have them; digits enough not to be met with in digests and times.
MARKER = re.compile(rb"Zephyrine|7[.,]?654[.,]?321[.,]?098")
FEATURES = {"who": WHO, "size": SIZE, "tags": [WHO]}
MODELS: dict[str, tuple[str, Any]] = {
    "classifier": ("binary", lambda: compose.Discard("tags") | tree.HoeffdingTreeClassifier()),
    "words": ("binary", lambda: feature_extraction.BagOfWords() | naive_bayes.MultinomialNB()),
    "selection": ("transform", lambda: compose.Select("who", "size")),
    "recommender": ("recommendation", reco.Baseline),
    "policy": ("bandit", lambda: bandit.EpsilonGreedy(epsilon=0.1)),
    "telltale": ("regression", Telltale),
    "drifting": ("regression", lambda: compose.Discard("who") | tree.HoeffdingTreeRegressor()),
}
ADMIN, PASSWORD = "ada", "a long enough secret 7"
#: What ends the session, never ends, or is of this machine; and models' bytes, which have what they learned.
LEFT_OUT = re.compile(
    r"/logout/|/jsi18n/|/password_change/|/api/model(/[^/]+)?$|/download/$|/api/stream/|/docs|/(history|delete)/$"
)


@dataclass(slots=True)
class Walk:
    """Everything that was shown, by where."""

    shown: dict[str, bytes] = field(default_factory=dict)

    @property
    def telling(self) -> set[str]:
        """Return where values of features are shown."""
        return {place for place, body in self.shown.items() if MARKER.search(body)}


class Browser:
    """Somebody who has logged in to the admin, and follows links."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._cookies: dict[str, str] = {}

    def log_in(self) -> None:
        page = self.get("/admin/login/")
        form = f"username={ADMIN}&password={PASSWORD.replace(' ', '+')}&next=/admin/"
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
        assert token is not None
        answer = self.post("/admin/login/", f"{form}&csrfmiddlewaretoken={token[1]}")
        assert answer.status == 302, answer

    def get(self, path: str) -> Answer:
        return self._sent("GET", path, None)

    def post(self, path: str, form: str) -> Answer:
        return self._sent("POST", path, form.encode())

    def _sent(self, method: str, path: str, body: bytes | None) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._client.request(method, path, body, headers)
        # http.client joins several of a name.
        for name in ("csrftoken", "sessionid"):
            if found := re.search(rf"{name}=(\w+)", answer.headers.get("set-cookie", "")):
                self._cookies[name] = found[1]
        return answer

    def walk(self, starts: list[str]) -> dict[str, bytes]:
        """Return all that links lead to, by address."""
        waiting, found = list(starts), dict[str, bytes]()
        while waiting:
            path = waiting.pop()
            if path in found or LEFT_OUT.search(path):
                continue
            answer = self.get(path)
            assert answer.status < 500, (path, answer)
            found[path] = answer.body
            if "text/html" in answer.headers.get("content-type", ""):
                waiting += _links(path, answer.body.decode())
        return found


def _links(path: str, page: str) -> Iterator[str]:
    for link in re.findall(r'(?:href|src|data-url)="([^"#]+)"', page):
        parts = urlsplit(urljoin(path, unescape(link)))
        # Filters and sortings of lists lead to the same rows.
        is_row = not parts.query or "after=" in parts.query or parts.path.startswith("/api/")
        if not parts.netloc and is_row and not parts.path.startswith("/static/"):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def watched(
    template: Path, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Server]:
    """A server that says all it can."""
    server = Server(
        template,
        tmp_path_factory.mktemp("watched"),
        LOG_LEVEL="DEBUG",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    made = run_manage(
        server.instance,
        *("createsuperuser", "--no-input", "--username", ADMIN, "--email", "ada@example.org"),
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    assert made.returncode == 0, made.stderr
    server.start()
    yield server
    server.close()


def upload(client: Client, way: str) -> None:
    client.init("binary")
    for name, (flavor, make) in MODELS.items():
        answer = client.request("POST", f"/api/model/{name}?flavor={flavor}", pickle.dumps(make()))
        assert answer.status == 201, answer
        body = b'{"features_kept": "%b"}' % way.encode()
        answer = client.request("PATCH", f"/api/model/{name}/settings", body)
        assert answer.json == {"features_kept": way, "own": ["features_kept"]}


def teach(server: Server, client: Client) -> list[Answer]:
    """Have all models asked and taught; return the refusals of the model that says too much."""
    done = server.manage(
        "watch_drift", "drifting", "--detector", "KSWIN", "--parameter", "seed=1", "--features"
    )
    assert done.returncode == 0, done.stderr
    for number in range(2):
        text = f"{WHO} {SIZE}"
        for model, asked, truth in (
            ("classifier", {"features": FEATURES}, True),
            ("words", {"features": text}, False),
            ("selection", {"features": FEATURES}, None),
            ("recommender", {"user": WHO, "item": "tea"}, 4.0),
            ("policy", {"arms": ["tea", "coffee"], "features": FEATURES}, 1.0),
            ("telltale", {"features": {"shy": WHO, "size": SIZE}}, 1.0),
        ):
            assert client.predict(model=model, id=f"{model} {number}", **asked).status == 201
            if number == 0:
                fields = {} if truth is None else {"ground_truth": truth}
                assert client.learn(model=model, id=f"{model} {number}", **fields).status == 201
    sizes = [*(float(number % 7) for number in range(150)), *[SIZE] * 60]
    records = [
        {"model": "drifting", "features": {"who": WHO, "size": size}, "ground_truth": 1.0} for size in sizes
    ]
    body = json.dumps(records).encode()
    assert client.request("POST", "/api/learn", body, {"Content-Type": "application/json"}).status == 201
    failing = {"fail": WHO, "size": SIZE}
    return [
        client.predict(model="telltale", features=failing),
        client.learn(model="telltale", features=failing, ground_truth=1.0),
        client.get("/api/model/telltale"),
    ]


def addresses() -> Iterator[str]:
    """Yield the address of every page and route that is read, for each model."""
    for method, address, _ in routes():
        if method != "GET" or LEFT_OUT.search(address):
            continue
        if address == "/api/labels":
            for name in ("classifier", "words"):
                yield f"{address}?model={name}"
                yield f"{address}?model={name}&format=csv"
        elif "<str:name>" in address:
            yield from (address.replace("<str:name>", name) for name in MODELS)
            yield address.replace("<str:name>", "policy") + "?policy=uniform"
        else:
            yield address


def heard(listener: Iterator[Heard], until: str) -> list[Heard]:
    """Return the events up to the first of a kind, and some of what follows it."""
    found: list[Heard] = []
    for event in listener:
        found.append(event)
        if event.event == until:
            return found
    raise AssertionError("the stream has ended")


def walk(server: Server, collector: Collector, way: str) -> Walk:
    said = len(server.log)
    n_spans = len(collector.spans)
    with server.client() as client:
        upload(client, way)
        with (
            listening(server.port, "/api/stream/events") as events,
            listening(server.port, "/api/stream/live") as live,
        ):
            refusals = teach(server, client)
            streams = {"events": heard(events, "drift"), "live": heard(live, "drift")}
        assert [answer.code for answer in refusals] == ["model_raised"] * 3
        browser = Browser(client)
        browser.log_in()
        pages = browser.walk(["/", "/admin/", *addresses()])
        client.get("/readyz")
    wait_until(
        lambda: any(span.attributes.get("url.path") == "/readyz" for span in collector.spans[n_spans:])
    )
    return Walk(
        {
            **pages,
            **{name: repr(found).encode() for name, found in streams.items()},
            "refusals": b"".join(answer.body for answer in refusals),
            "log": server.log[said:].encode(),
            "spans": repr(collector.spans[n_spans:]).encode(),
        }
    )


@pytest.fixture(scope="module")
def in_the_open(watched: Server, collector: Collector) -> Walk:
    return walk(watched, collector, "all")


class TestEverything:
    def test_shows_values_where_they_are_to_be_shown(self, in_the_open: Walk) -> None:
        telling = in_the_open.telling

        assert telling >= {
            "/models/classifier/",
            "/models/words/",
            "/models/words/labels/",
            "/models/classifier/records/",
            "/api/model/classifier/records",
            "/models/drifting/",
            "/api/labels?model=classifier",
            "/api/labels?model=classifier&format=csv",
            "/api/alerts",
            "events",
            "live",
            "refusals",
            "log",
        }, telling
        for kind in ("pendingprediction", "journalsegment", "driftalert"):
            pattern = re.compile(rf"/admin/\w+/{kind}/[^/]+/change/")
            assert any(pattern.match(place) for place in telling), (kind, sorted(in_the_open.shown))

    @pytest.mark.parametrize("way", ["hashed", "none"])
    def test_shows_no_value_where_none_is_to_be_shown(
        self, watched: Server, collector: Collector, in_the_open: Walk, way: str
    ) -> None:
        found = walk(watched, collector, way)

        assert found.telling == set()
        # As much was looked at.
        assert len(found.shown) >= 0.9 * len(in_the_open.shown)
        assert b"who" in found.shown["events"]
        assert b"ValueError (its text is not shown)" in found.shown["refusals"]
        assert b"RuntimeError (its text is not shown)" in found.shown["log"]
        assert (b"#" in found.shown["/api/labels?model=classifier"]) == (way == "hashed")
