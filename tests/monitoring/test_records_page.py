"""The page and the route of a model's journal."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from models_app.services import rolling_back, snapshotting
from tests.services.instances import Instance, instance

__all__ = ["instance"]

ODD = "<b>&?#/ü"
PAGE, API = "/models/model/records/", "/api/model/model/records"


@pytest.fixture
def served(instance: Instance) -> Instance:
    """A model that has learned 60 times, was taken back to learn 40, and has learned once since then."""
    instance.init("binary")
    instance.upload("model")
    for number in range(60):
        instance.predict(f"{ODD}{number}", "model", x=1_000.5 + number)
        instance.learn(f"{ODD}{number}", True)
        if number == 39:
            snapshotting.take_snapshot(name="model")
    rolling_back.roll_back(name="model", seq=40, now=timezone.now())
    instance.learn_from("model", False, x=7.5)
    return instance


def links(text: str) -> dict[str, str]:
    found = re.findall(r'<a href="([^"]*)">([^<]*)</a>', text)
    return {html.unescape(words): html.unescape(address) for address, words in found}


class TestPage:
    def test_leads_from_the_newest_to_all_others(self, client: Client, served: Instance) -> None:
        seqs: list[str] = []
        address: str | None = ""
        while address is not None:
            text = client.get(PAGE + address).content.decode()
            seqs += re.findall(r'href="\?seq=(\d+)"', text)
            address = links(text).get("Earlier ones")

        assert seqs == ["41", *(str(number) for number in range(60, 0, -1))]

    def test_is_reached_from_the_page_of_the_model(self, client: Client, served: Instance) -> None:
        assert links(client.get("/models/model/").content.decode())["Journal"] == PAGE

    def test_shows_what_is_known_of_an_id(self, client: Client, served: Instance) -> None:
        listed = links(client.get(PAGE).content.decode())

        text = client.get(PAGE + listed[f"{ODD}50"]).content.decode()

        assert "<b>&" not in text
        assert "Learn 51" in text
        assert "&quot;x&quot;: 1050.5" in text
        assert "<code>true</code>" in text
        before = links(text)["snapshot at learn 40"]
        assert re.fullmatch(r"/admin/models_app/snapshot/\d+/change/", before)
        assert "11 learns earlier" in text

    def test_shows_what_has_no_id(self, client: Client, served: Instance) -> None:
        text = client.get(f"{PAGE}?seq=41").content.decode()

        assert "without an id" in text
        assert links(text)["the model as it is"] == "/models/model/"
        # And what was undone.
        assert re.findall(r"of generation (\d)", text) == ["2", "1"]

    def test_shows_what_awaits_its_ground_truth(self, client: Client, served: Instance) -> None:
        served.predict("waits", "model", x=3.25)

        text = client.get(f"{PAGE}?id=waits&seq=&until=").content.decode()

        assert "Awaits its ground truth" in text
        assert "&quot;x&quot;: 3.25" in text

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("seq=0", "seq: must be a whole number"),
            ("until=soon", "until: must be a time"),
            ("before=1", "before: must be"),
            ("id=1&seq=2", "seq: not with &#x27;id&#x27;."),
        ],
    )
    def test_says_what_cannot_be_looked_for(
        self, client: Client, served: Instance, query: str, said: str
    ) -> None:
        response = client.get(f"{PAGE}?{query}")

        assert response.status_code == 400
        assert said in response.content.decode()
        assert client.get(f"{API}?{query}").status_code == 400

    def test_says_that_there_is_none(self, client: Client, served: Instance) -> None:
        assert "There is no such record" in client.get(f"{PAGE}?id=nobody").content.decode()
        assert "There is no such record" in client.get(f"{PAGE}?until=2001-01-01").content.decode()
        assert client.get("/models/nobody/records/").status_code == 404
        assert client.get("/api/model/nobody/records").status_code == 404


class TestRoute:
    def test_has_the_same_as_the_page(self, client: Client, served: Instance) -> None:
        answer = client.get(API, {"id": f"{ODD}50"}).json()

        (record,) = answer["records"]
        assert (record["id"], record["generation"], record["seq"]) == (f"{ODD}50", 1, 51)
        assert record["features"] == {"x": 1_050.5}
        assert record["prediction"].keys() == {"true", "false"}
        assert record["ground_truth"] is True
        assert record["predicted_at"] <= record["learned_at"]
        assert (record["snapshot_before"]["seq"], record["snapshot_after"]) == (40, None)
        assert answer["next"] is None

    def test_goes_on_where_it_ended(self, client: Client, served: Instance) -> None:
        first = client.get(API, {"limit": 2}).json()
        second = client.get(API, {"limit": 2, "before": first["next"]}).json()

        seqs = [(each["generation"], each["seq"]) for each in first["records"] + second["records"]]
        assert seqs == [(2, 41), (1, 60), (1, 59), (1, 58)]
