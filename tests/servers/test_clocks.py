"""A server whose clock is set while it runs."""

import json
import re
from itertools import pairwise
from pathlib import Path

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.servers.test_contract import HOUSE, regression
from tests.servers.waiting import wait_until

DAY = 86_400
# A sample is due at once after so many learns.
LEARNS = 1_000


def learn_many(client: Client) -> None:
    record = {"features": HOUSE, "ground_truth": 150, "model": "house"}
    answer = client.request("POST", "/api/learn", json.dumps([record] * LEARNS).encode())
    assert answer.status == 201, answer


def history(client: Client) -> dict[str, list[float]]:
    found: dict[str, list[float]] = client.get("/api/metrics/history?model=house").json
    return found


def sum_of_delays(client: Client) -> float:
    text = client.get("/metrics").body.decode()
    found = re.search(r'^chantilly_truth_delay_seconds_sum\{model="house"\} (\S+)$', text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


class TestClock:
    def test_is_set_a_day_ahead_and_back(self, start: Start, tmp_path: Path) -> None:
        setting = tmp_path / "ahead"
        setting.write_text("0")
        server = start(
            CLOCK_AHEAD=str(setting),
            PYTHONPATH=str(Path(__file__).with_name("settable_clock")),
        )
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            n_learns = 0
            for number, ahead in enumerate((0, DAY, 0)):
                self._set(setting, ahead)
                client.predict(features=HOUSE, model="house", id=f"after {number}")
                learn_many(client)
                n_learns += LEARNS
                if number:
                    # Predicted before the clock was set, learned after it.
                    client.learn(id=f"after {number - 1}", ground_truth=150)
                    n_learns += 1
                wait_until(lambda n=n_learns: n in history(client)["seq"])  # type: ignore[misc]
                assert 0 <= sum_of_delays(client) < 3 * DAY

            sampled = history(client)
            delays = client.get("/api/stats?model=house").json["delay"]

        assert sampled["seq"] == sorted(sampled["seq"])
        assert sampled["time"] == sorted(sampled["time"])
        assert 0 <= delays["p50"] <= delays["p99"] < 2 * DAY
        times = self._times_of(server)
        assert len(times) == n_learns
        assert all(earlier <= later for earlier, later in pairwise(times))
        assert max(times) - min(times) > DAY - 60

    def _set(self, setting: Path, ahead: int) -> None:
        # In one step: the server reads it all the time.
        written = setting.with_suffix(".new")
        written.write_text(str(ahead))
        written.replace(setting)

    def _times_of(self, server: Server) -> list[float]:
        return [learn.learned_at for learn in server.database.learns("house")]
