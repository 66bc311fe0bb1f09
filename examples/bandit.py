"""A bandit: which of five offers to show, where clicks come later. (Made up, so that the best is known.)"""

import random
from collections.abc import Iterator
from typing import Any

import running
from client import Client
from rich.progress import track
from river import bandit, proba

NAME = "example-offers"
# How often an offer is clicked.
CLICKS = {"coffee": 0.05, "tea": 0.12, "juice": 0.3, "cake": 0.22, "soup": 0.08}
OFFERS = list(CLICKS)


def main() -> None:
    options = running.options(__doc__, limit=1000).parse_args()
    client = running.connect(options.url)

    policy = bandit.ThompsonSampling(proba.Beta(), seed=42)
    client.upload(policy, NAME, flavor="bandit")

    events = running.delayed(visits(options.limit), least=1, most=20)
    running.report("Offers", over_http(client, events), bare_loop(policy, events))


def visits(n: int) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
    """Yield visits: no features, and which offers would be clicked."""
    draw = random.Random(7)
    for _ in range(n):
        yield {}, {offer: int(draw.random() < share) for offer, share in CLICKS.items()}


def over_http(client: Client, events: running.Events) -> running.Metrics:
    """Pull an offer at each visit, and reward it when it is known; return the server's metrics."""
    for number, _, clicked in track(events, description="Streaming"):
        visit = f"{NAME}-{number}"
        if clicked is None:
            client.predict(id=visit, model=NAME, arms=OFFERS)
        else:
            # All rewards are known here, and so is the regret; elsewhere that of the arm is enough.
            client.learn(clicked, id=visit)
    return client.metrics(model=NAME)


def bare_loop(policy: Any, events: running.Events) -> running.Metrics:
    """Do with River alone what the server does; return the same metrics."""
    pulled, rewards, missed = {}, [], 0.0
    for number, _, clicked in events:
        if clicked is None:
            pulled[number] = policy.pull(OFFERS)
            continue
        offer = pulled.pop(number)
        rewards.append(clicked[offer])
        missed += max(clicked.values()) - clicked[offer]
        policy.update(offer, clicked[offer])
    return {
        "MeanReward": sum(rewards) / len(rewards),
        "CumulativeReward": float(sum(rewards)),
        "RewardedPulls": float(len(rewards)),
        "Regret": missed,
    }


if __name__ == "__main__":
    main()
