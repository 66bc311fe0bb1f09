"""The pages while more happens than anybody can follow."""

import pickle
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect
from river import dummy

from tests.browser.conftest import Open
from tests.browser.instances import Record, send
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

MODELS = [f"shop-{number:02}" for number in range(100)]
N_EVENTS = 40_000
# Counted from inside the page: what is written into it, and what its stream brings.
COUNTERS = """
    window.counted = { predict: 0, learn: 0, skipped: 0, models: 0, frames: 0, longTasks: [] };
    const frame = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => { window.counted.frames += 1; return frame(draw); };
    const listen = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (name, handle) {
        return listen.call(this, name, (event) => {
            if (name === "skipped") {
                window.counted.skipped += JSON.parse(event.data).n;
            } else if (name in window.counted) {
                window.counted[name] += 1;
            }
            handle(event);
        });
    };
    new PerformanceObserver((list) => {
        window.counted.longTasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)));
    }).observe({ type: "longtask" });
"""


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a hundred models, which the module's tests share."""
    server = Server(template, tmp_path_factory.mktemp("shared"))
    server.start()
    model = pickle.dumps(dummy.PriorClassifier())
    with server.client() as client:
        client.init("binary")
        for name in MODELS:
            client.upload(model, name)
    yield server
    server.close()
    assert server.complaints == []


def flood(server: Server) -> None:
    """Have every model predict or learn, one after the other, many times."""
    rounds = N_EVENTS // len(MODELS) // 4
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: send(server, shares(rounds)), range(4)))


def shares(rounds: int) -> Sequence[Record]:
    features = {"price": 1.5, "quantity": 3, "city": "Kraków", "comment": "x" * 200}
    return [
        {"op": "learn", "ground_truth": number % 3 == 0, "features": features, "model": name}
        for number in range(rounds)
        for name in MODELS
    ]


def n_learns(server: Server, model: str) -> int:
    with server.client() as client:
        reported = client.get("/metrics").body.decode()
    found = re.search(rf'chantilly_learns_total{{[^}}]*model="{model}"[^}}]*}} (\d+)', reported)
    assert found is not None
    return int(found[1])


class Watched:
    """A page with its stream's bytes, its elements and its memory."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.n_bytes = 0
        self._streams: set[str] = set()
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.on("Network.requestWillBeSent", self._sent)
        self._session.on("Network.dataReceived", self._received)
        self._session.send("Network.enable")
        self._session.send("Performance.enable")
        page.add_init_script(COUNTERS)
        page.reload()
        expect(page.locator("#connection")).to_have_text("live")

    def _sent(self, event: dict[str, object]) -> None:
        if "/api/stream/live" in str(event["request"]):
            self._streams.add(str(event["requestId"]))

    def _received(self, event: dict[str, int]) -> None:
        if str(event["requestId"]) in self._streams:
            self.n_bytes += event["dataLength"]

    def counted(self) -> dict[str, int]:
        """Return what the page has counted."""
        counted: dict[str, int] = self.page.evaluate("window.counted")
        return counted

    def n_reported(self) -> int:
        """Return the number of events that the page got, one way or the other."""
        counted = self.counted()
        return counted["learn"] + counted["skipped"]

    def size(self) -> tuple[int, int]:
        """Return the number of the page's nodes and the bytes of its objects, without what is garbage."""
        self._session.send("HeapProfiler.collectGarbage")
        found = self._session.send("Performance.getMetrics")["metrics"]
        by_name = {each["name"]: int(each["value"]) for each in found}
        return by_name["Nodes"], by_name["JSHeapUsedSize"]


class TestFlood:
    def test_reaches_the_overview_as_little_as_can_be_shown(self, server: Server, open_page: Open) -> None:
        watched = Watched(open_page(server))
        flood(server)
        wait_until(lambda: watched.n_reported() == N_EVENTS)
        before = watched.size()
        n_bytes = watched.n_bytes

        flood(server)
        wait_until(lambda: watched.n_reported() == 2 * N_EVENTS)
        after = watched.size()
        counted = watched.counted()

        # For who wants to know (`pytest -s`): what takes long depends on the machine.
        print(f"{before} nodes and bytes of heap, then {after}; {watched.n_bytes} bytes sent; {counted}")
        # Each event has more than 300 bytes.
        assert watched.n_bytes - n_bytes < N_EVENTS * 300 / 10
        assert counted["learn"] < 2 * N_EVENTS / 10
        assert counted["frames"] < 2 * N_EVENTS / 50
        assert watched.page.locator("#feed li").count() == 50
        assert watched.page.locator("#models-table tbody tr").count() == 50
        assert after[0] < 1.5 * before[0]
        assert after[1] < before[1] + 2_000_000

    def test_leaves_the_overview_up_to_date(self, server: Server, open_page: Open) -> None:
        page = open_page(server, "/?q=shop-0")
        flood(server)

        for name in (MODELS[0], MODELS[9]):
            row = page.locator("#models-table tr", has=page.get_by_role("link", name=name, exact=True))
            expect(row.locator('[data-cell="n_learns"]')).to_have_text(f"{n_learns(server, name):,}")
        expect(page.locator("#feed-skipped")).to_have_text(re.compile(r"others came too quickly"))

    def test_does_not_drown_a_quiet_model(self, server: Server, open_page: Open) -> None:
        with server.client() as client:
            client.upload(dummy.PriorClassifier(), "quiet")
        page = open_page(server, "/models/quiet/")
        expect(page.locator("#connection")).to_have_text("live")

        with ThreadPoolExecutor(1) as pool:
            flooding = pool.submit(flood, server)
            with server.client() as client:
                for _ in range(5):
                    client.learn(features={"x": 1}, ground_truth=True, model="quiet")
            flooding.result()

        expect(page.locator("#feed li")).to_have_count(5)
        assert page.locator("#feed-skipped").inner_text() == ""
