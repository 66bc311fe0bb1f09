"""The pages as people use them."""

import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Request, expect
from river import bandit, dummy, stats
from river.linear_model import LinearRegression

from tests.browser.conftest import Open
from tests.browser.instances import fill, logistic, records, send, streaming, wait_for_samples
from tests.browser.looking import keep, out_of_reach, violations
from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

# A model's name has no slash.
ODD_NAME = "<script>alert(1)<b>"
ODD = "<script>alert(1)</script><b>"
MODEL = "/models/sea/"
BOTH = "/compare/?model=sea&model=other"
PAGES = ["/", MODEL, "/compare/", BOTH, "/models/nobody/"]


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two models that have learned, which the module's tests share."""
    server = Server(template, tmp_path_factory.mktemp("shared"))
    server.start()
    fill(server)
    yield server
    server.close()
    assert server.complaints == []


def is_live(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")


class TestFirstVisit:
    def test_leads_to_a_model_that_learns(self, start: Start, open_page: Open, tmp_path: Path) -> None:
        server = start()
        page = open_page(server)
        expect(page.get_by_role("heading", name="First, set a flavor")).to_be_visible()
        for shown in (page, open_page(server, "/compare/", width=375)):
            is_live(shown)
            assert violations(shown) == []

        assert server.manage("init", "binary").returncode == 0
        expect(page.get_by_role("heading", name="Next, upload a model")).to_be_visible()
        file = tmp_path / "model.pkl"
        file.write_bytes(pickle.dumps(logistic()))
        assert server.manage("add_model", str(file), "--name", "sea").returncode == 0
        expect(page.get_by_role("link", name="sea")).to_be_visible()
        expect(page.get_by_role("heading", name="Next, predict and learn")).to_be_visible()

        send(server, records(5))
        expect(page.get_by_role("heading", name="Next, predict and learn")).to_have_count(0)
        expect(page.locator("#feed li").first).to_contain_text("learn")


class TestOverview:
    def test_moves_while_models_learn(self, server: Server, open_page: Open) -> None:
        page = open_page(server)
        is_live(page)
        card = page.locator('[data-metric="LogLoss"]')
        row = page.locator("#models-table tbody tr", has=page.get_by_role("link", name="sea"))
        before = card.locator(".value").inner_text()
        n_learns = row.locator('[data-cell="n_learns"]').inner_text()

        with streaming(server):
            expect(card.locator(".value")).not_to_have_text(before)
            expect(card.locator("polyline")).to_have_attribute("points", re.compile(r"(\S+ ){5}"))
            expect(row.locator('[data-cell="n_learns"]')).not_to_have_text(n_learns)
            expect(row.locator('[data-cell="rolling"]')).to_have_text(re.compile(r"^0\.\d{4}$"))
            expect(row.locator('[data-cell="p99_ms"]')).to_have_text(re.compile(r"^\d+\.\d\d ms$"))
            expect(page.locator("#feed li").first).to_contain_text("sea")
            keep(page, "overview")

    def test_is_sorted_and_searched_by_keyboard(self, server: Server, open_page: Open) -> None:
        page = open_page(server)
        names = page.locator("#models-table tbody th a:visible")
        expect(names).to_have_text(["other", "sea"])

        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.get_by_role("link", name="Learns").focus()
        page.keyboard.press("Enter")
        expect(names).to_have_text(["sea", "other"])
        page.keyboard.press("Enter")
        expect(names).to_have_text(["other", "sea"])
        expect(page.get_by_role("link", name="Learns")).to_be_focused()
        page.get_by_label("Find").focus()
        page.keyboard.type("SE")
        expect(names).to_have_text(["sea"])
        # A link shows what is chosen.
        expect(page).to_have_url(re.compile(r"/\?order=n_learns&q=SE$"))
        page.reload()
        expect(names).to_have_text(["sea"])
        expect(page.locator("th[aria-sort=ascending]")).to_have_text("Learns")
        names.first.focus()
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", level=1)).to_have_text("sea")

    def test_has_what_counts_on_a_telephone(self, server: Server, open_page: Open) -> None:
        page = open_page(server, width=375)
        row = page.locator("#models-table tbody tr", has=page.get_by_role("link", name="sea"))

        for part in ("[data-status]", '[data-cell="rolling"]'):
            expect(row.locator(part)).to_be_in_viewport(ratio=1)
        expect(row.locator('[data-cell="p99_ms"]')).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") == 375

    def test_takes_no_focus_away_while_rows_change(self, server: Server, open_page: Open) -> None:
        page = open_page(server)
        is_live(page)
        link = page.get_by_role("link", name="sea")
        n_learns = page.locator("#models-table tr", has=link).locator('[data-cell="n_learns"]')
        link.focus()

        with streaming(server):
            for _ in range(3):
                expect(n_learns).not_to_have_text(n_learns.inner_text())
            with page.expect_response(lambda response: response.url.endswith(f":{server.port}/")):
                pass
            expect(n_learns).not_to_have_text(n_learns.inner_text())

        expect(link).to_be_focused()

    def test_shows_that_the_server_is_away_and_comes_back(self, start: Start, open_page: Open) -> None:
        server = start()
        with server.client() as client:
            client.init("binary")
            client.upload(logistic(), "sea")
        pages = [open_page(server, path) for path in ("/", MODEL, "/compare/")]
        for page in pages:
            is_live(page)

        port = server.port
        server.kill()
        for page in pages:
            expect(page.locator("#connection")).to_have_text("reconnecting …")
        server.start(port)

        for page in pages:
            is_live(page)
        expect(pages[0].locator("#feed .missed")).to_have_text("Some events were missed here.")
        send(server, records(1))
        for page in pages[:2]:
            expect(page.locator("#feed li").first).to_contain_text("learn")

    def test_asks_for_nothing_while_nobody_sees_it(self, server: Server, open_page: Open) -> None:
        page = open_page(server)
        is_live(page)
        with page.expect_event("requestfailed", is_stream):
            show(page, is_hidden=True)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        send(server, records(50, start=70_000))
        # As long as it takes the page to ask for news, and longer, when it is seen.
        other = open_page(server)
        with other.expect_response(lambda response: response.url.endswith(f":{server.port}/")):
            pass
        assert asked == []

        with page.expect_request(is_stream):
            show(page, is_hidden=False)
        expect(page.locator("#feed .missed")).to_be_visible()


def is_stream(request: Request) -> bool:
    return "/api/stream/live" in request.url


def show(page: Page, *, is_hidden: bool) -> None:
    """Have the page see what a browser does when another tab is chosen."""
    page.evaluate(
        """(isHidden) => {
            Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


class TestModelPage:
    def test_marks_drift_where_the_concept_is_swapped(self, start: Start, open_page: Open) -> None:
        server = start()
        with server.client() as client:
            client.init("binary")
            client.upload(logistic(), "sea")
        page = open_page(server, MODEL)
        for n in (1, 2):
            send(server, records(1_100, start=n * 1_100))
            wait_for_samples(server, n)
        reported = page.locator("#chart-text")
        expect(reported).to_contain_text("Accuracy, recent: now 0.")
        n_red = red(page)

        send(server, records(1_100, start=10_000, is_swapped=True))

        # The newest comes first: the one of the swap, of which a model's first learns know nothing.
        found = page.locator("tr", has=page.locator(".mark.drift")).first
        expect(found).to_contain_text(re.compile(r"2,[2-9]\d\d"))
        expect(reported).to_contain_text(re.compile(r"Marked: .*drift \(\d+\)"))
        wait_until(lambda: red(page) > n_red + 50)

    def test_draws_what_is_chosen(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)

        page.locator("#chart-metric").select_option("LogLoss")
        expect(page.locator("#chart-text")).to_contain_text("LogLoss, recent")
        page.locator("#chart-axis").select_option("seq")
        expect(page.locator("#chart .u-legend")).to_contain_text("Learns")
        expect(page.get_by_role("img", name="LogLoss, recent: now 0.")).to_be_visible()
        with streaming(server):
            expect(page.locator("#feed li").first).to_be_visible()
            keep(page, "model")

    def test_shows_only_its_own_events(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)
        is_live(page)

        send(server, records(2, start=50_000, model="other"))
        send(server, records(2, start=60_000))

        expect(page.locator("#feed li")).to_have_count(4)
        assert set(page.locator("#feed .model").all_inner_texts()) == {"sea"}

    def test_draws_the_pipeline(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)

        drawn = page.frame_locator("iframe.pipeline")
        expect(drawn.get_by_text("StandardScaler", exact=True).first).to_be_visible()

    def test_gives_its_specification(self, server: Server, open_page: Open) -> None:
        page = open_page(server, MODEL)
        page.get_by_text("Specification", exact=True).click()
        specification = page.get_by_role("group", name="Specification")

        with page.expect_download() as download:
            page.locator(".spec").get_by_role("link", name="Download").click()

        assert download.value.suggested_filename == "sea.json"
        assert download.value.path().read_text() == specification.inner_text()
        assert "preprocessing.StandardScaler" in specification.inner_text()
        assert violations(page) == []


def red(page: Page) -> int:
    """Count the dots of the chart that have the colour of drift."""
    return int(
        page.evaluate(
            """() => {
                const canvas = document.querySelector("#chart canvas");
                const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                let n = 0;
                for (let i = 0; i < dots.length; i += 4) {
                    // A thin line is blended with its ground; no line of a metric is red.
                    n += dots[i + 3] > 0 && dots[i] - dots[i + 1] > 60 && dots[i] - dots[i + 2] > 60;
                }
                return n;
            }"""
        )
    )


class TestCompare:
    def test_has_both_models_in_one_chart(self, server: Server, open_page: Open) -> None:
        page = open_page(server, "/compare/")
        page.get_by_label("sea").check()
        page.get_by_label("other").check()
        page.get_by_role("button", name="Show").click()

        expect(page.locator("#chart-text")).to_contain_text("sea: now 0.")
        expect(page.locator("#chart .u-legend")).to_contain_text("other")
        keep(page, "compare")

    def test_fits_a_telephone_however_long_the_names_are(self, server: Server, open_page: Open) -> None:
        page = open_page(server, BOTH, width=375)
        expect(page.locator("#chart .u-legend")).to_contain_text("other")

        page.evaluate(
            "document.querySelectorAll('.u-label').forEach(label => label.textContent = 'w'.repeat(200))"
        )

        assert page.evaluate("document.documentElement.scrollWidth") == 375


@pytest.fixture(scope="module")
def several(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a model of its flavor, and one of another."""
    server = Server(template, tmp_path_factory.mktemp("several"))
    server.start()
    with server.client() as client:
        client.init("binary")
        client.upload(logistic(), "sea")
        client.request("POST", "/api/model/house?flavor=auto", pickle.dumps(LinearRegression()))
    for number in (1, 2):
        send(server, records(1_100, start=1_100 * number))
        send(server, houses(1_100))
        for model in ("sea", "house"):
            wait_for_samples(server, number, model=model)
    yield server
    server.close()
    assert server.complaints == []


class TestSeveralFlavors:
    def test_are_on_the_overview(self, several: Server, open_page: Open) -> None:
        page = open_page(several)
        is_live(page)
        loss = page.locator('[data-flavor="regression"] [data-metric="MAE"] .value')
        before = loss.inner_text()
        house = page.locator("#models-table tbody tr", has=page.get_by_role("link", name="house"))
        expect(house).to_contain_text("MAE")

        send(several, houses(10, error=100.0))

        expect(loss).not_to_have_text(before)
        expect(page.locator('[data-flavor="binary"] [data-metric="Accuracy"]')).to_be_visible()
        assert violations(page) == []

    def test_appear_where_a_model_brings_a_new_one(self, several: Server, open_page: Open) -> None:
        page = open_page(several)
        is_live(page)
        expect(page.locator('[data-flavor="multiclass"]')).to_have_count(0)

        with several.client() as client:
            client.request("POST", "/api/model/seas?flavor=multiclass", pickle.dumps(logistic()))

        expect(page.locator('[data-flavor="multiclass"] [data-metric="MicroF1"]')).to_be_visible()
        with several.client() as client:
            assert client.request("DELETE", "/api/model/seas").status == 204
        expect(page.locator('[data-flavor="multiclass"]')).to_have_count(0)

    def test_leave_the_list_of_models_in_sight(self, several: Server, open_page: Open) -> None:
        for width in (1280, 375):
            page = open_page(several, width=width)

            list_ = page.locator("#models-table").bounding_box()
            assert list_ is not None
            assert list_["y"] < 400
            # What has no room in the row is reached by its scroll bar, and by keyboard.
            page.locator("#metrics").focus()
            expect(page.locator("#metrics")).to_be_focused()
            page.locator('[data-metric="F1"]').scroll_into_view_if_needed()
            expect(page.locator('[data-metric="F1"]')).to_be_in_viewport()
            assert page.evaluate("document.documentElement.scrollWidth") == width

    def test_are_compared_by_the_metrics_of_each(self, several: Server, open_page: Open) -> None:
        page = open_page(several, "/compare/?model=house&model=sea", width=375)

        expect(page.locator("#chart-text")).to_contain_text("house: now ")
        page.locator("#chart-metric").select_option("Accuracy")
        expect(page.locator("#chart-text")).to_contain_text("sea: now ")
        expect(page.locator("#compared")).to_contain_text("regression")
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert violations(page) == []

    def test_show_what_there_is_of_a_flavor_that_is_not_scored(
        self, several: Server, open_page: Open
    ) -> None:
        with several.client() as client:
            client.request("POST", "/api/model/mean?flavor=statistic", pickle.dumps(stats.Mean()))
        send(several, [{"op": "learn", "model": "mean", "ground_truth": number} for number in range(50)])

        page = open_page(several, "/models/mean/", width=375)

        is_live(page)
        expect(
            page.get_by_role("img", name="A histogram of each value. Of the last 50 learns")
        ).to_be_visible()
        expect(page.locator("#chart-levels .u-legend")).to_contain_text("Value")
        expect(page.locator("#chart")).to_have_count(0)
        send(several, [{"op": "learn", "model": "mean", "ground_truth": 7}])
        expect(page.locator("#feed li")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert violations(page) == []
        with several.client() as client:
            assert client.request("DELETE", "/api/model/mean").status == 204

    def test_estimate_another_policy_of_a_bandit(self, several: Server, open_page: Open) -> None:
        with several.client() as client:
            for name in ("offers", "w" * 100):
                client.request(
                    "POST", f"/api/model/{name}?flavor=bandit", pickle.dumps(bandit.RandomPolicy())
                )
        elsewhere = {"op": "learn", "model": "offers", "arms": ["tea", "a"], "propensity": 0.5}
        send(several, [{**elsewhere, "arm": arm, "ground_truth": 1.0} for arm in ("tea", "a", "tea")])

        page = open_page(several, "/models/offers/", width=375)
        page.get_by_label("Instead of this model").select_option("always tea")
        page.get_by_role("button", name="Estimate").click()

        expect(page.get_by_role("row", name="IPS 1.333")).to_be_visible()
        expect(page.locator("#estimates")).to_contain_text("From 3 rewards in the newest 3 records")
        expect(page.get_by_label("Instead of this model")).to_have_value("arm:tea")
        expect(page.get_by_role("button", name="Estimate")).to_be_enabled()
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert violations(page) == []
        with several.client() as client:
            for name in ("offers", "w" * 100):
                assert client.request("DELETE", f"/api/model/{name}").status == 204


def houses(n: int, *, error: float = 0.0) -> list[dict[str, object]]:
    """Return learns of the model `house`."""
    return [
        {"op": "learn", "model": "house", "features": {"x": i % 7}, "ground_truth": 2.0 * (i % 7) + error}
        for i in range(n)
    ]


class TestEveryPage:
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    def test_can_be_read_by_everybody(self, server: Server, open_page: Open, dark: bool) -> None:
        grounds = set()
        for path in PAGES:
            page = open_page(server, path, dark=dark)
            settled(page, path)
            assert violations(page) == [], path
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        assert grounds == {"rgb(21, 18, 26)" if dark else "rgb(247, 245, 249)"}

    def test_can_be_used_by_keyboard_alone(self, server: Server, open_page: Open) -> None:
        for path in PAGES:
            page = open_page(server, path)
            settled(page, path)
            assert out_of_reach(page) == [], path

    def test_fits_a_telephone(self, server: Server, open_page: Open) -> None:
        with streaming(server):
            for path in PAGES:
                page = open_page(server, path, width=375, dark=True)
                settled(page, path)
                if path in {"/", MODEL}:
                    expect(page.locator("#feed li").first).to_be_visible()
                assert page.evaluate("document.documentElement.scrollWidth") == 375, path
                assert violations(page) == [], path
                if path in SHOT_ON_A_TELEPHONE:
                    keep(page, f"{SHOT_ON_A_TELEPHONE[path]}-375")

    def test_runs_no_script_but_the_servers_files(self, server: Server, open_page: Open) -> None:
        for path in PAGES:
            page = open_page(server, path)
            page.evaluate(
                """() => {
                    const script = document.createElement("script");
                    script.textContent = "window.ran = true";
                    document.body.append(script);
                }"""
            )
            assert page.evaluate("window.ran") is None, path


SHOT_ON_A_TELEPHONE = {"/": "overview", MODEL: "model", BOTH: "compare"}


def settled(page: Page, path: str) -> None:
    """Wait until the page has what its scripts add."""
    if path != "/models/nobody/":
        is_live(page)
    if path in {MODEL, BOTH}:
        expect(page.locator("#chart canvas")).to_be_visible()


class TestWhatClientsSend:
    def test_is_text_wherever_it_is_shown(self, start: Start, open_page: Open) -> None:
        server = start()
        with server.client() as client:
            client.init("multiclass")
            client.upload(dummy.PriorClassifier(), quote(ODD_NAME))
        address = f"/models/{quote(ODD_NAME)}/"
        pages = [open_page(server), open_page(server, address)]
        for page in pages:
            is_live(page)
        odd = {"features": {ODD: 1, "text": ODD}, "model": ODD_NAME}
        send(server, [{"op": "learn", "ground_truth": ODD, **odd} for _ in range(5)])
        send(server, [{"op": "predict", "id": number, **odd} for number in range(3)])

        for page in [*pages, open_page(server, "/compare/"), open_page(server, address)]:
            expect(page.get_by_text(ODD_NAME).first).to_be_visible()
        for page in pages:
            expect(page.locator("#feed .features").first).to_contain_text(ODD)
            expect(page.locator("#feed .outcome").first).to_contain_text(ODD)
        # On the newer page of the model the labels are heads of a table.
        expect(page.locator("table.confusions th", has_text=ODD).first).to_be_visible()
        for page in pages:
            # The only script in there is the diagrams' data, which no browser runs.
            made = """main script:not([type="application/json"]), main b"""
            assert page.locator(made).count() == 0
