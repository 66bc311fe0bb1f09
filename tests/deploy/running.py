"""A busy server to look at: models that predict, learn, refuse, and drift."""

from urllib.parse import quote

from tests.servers.clients import Client
from tests.servers.test_contract import binary
from tests.servers.test_drift import alerts, learn_stream, swapped
from tests.servers.waiting import wait_until

MODEL = "sea"
#: A name with everything that needs care in PromQL, in SQL and in a pattern.
ODD_MODEL = "été, it's (50 %) a.b\\c+ $x"
N_CALLS = 20
#: All single calls of predict that are made here, a refused one included.
N_PREDICT_CALLS = 2 + N_CALLS + 1


def prepare(client: Client) -> None:
    """Upload the models, and use them once: what they do afterwards is an increase."""
    client.init("binary")
    for name in (ODD_MODEL, MODEL):
        client.upload(binary(), quote(name))
        client.predict(features={"x": 1}, id=f"first of {name}")


def work(client: Client) -> None:
    """Have the models do all that the dashboards show; return when drift was found."""
    for number in range(N_CALLS):
        client.predict(model=ODD_MODEL, features={"x": number}, id=f"call-{number}")
    for number in range(N_CALLS // 2):
        client.learn(id=f"call-{number}", ground_truth=number % 2 == 0)
    client.learn(id="call-0", ground_truth=True)
    client.predict(model="nobody", features={"x": 1})
    learn_stream(client, list(swapped(0, 3)))
    wait_until(lambda: alerts(client) != [])
