"""Recommendations: which films to show a user, who takes and rates one later. (Made up: tastes are known.)

Each visit ranks ten films. The user takes the one of the first three that fits best, and rates it.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

import running
from client import Client
from rich.progress import track
from river import reco, stats

NAME = "example-films"
N_USERS, N_FILMS, N_TASTES = 40, 60, 3
SHOWN, SEEN = 10, 3

Visit = dict[str, Any]


def main() -> None:
    options = running.options(__doc__, limit=2000).parse_args()
    client = running.connect(options.url)

    model = reco.BiasedMF(n_factors=8, seed=42)
    client.upload(model, NAME, flavor="recommendation")

    events = running.delayed(visits(options.limit), least=1, most=20)
    running.report("Films", over_http(client, events), bare_loop(model, events))


def visits(n: int) -> Iterator[tuple[Visit, dict[str, float]]]:
    """Yield visits: who comes, and which films there are; and how the user would rate each."""
    draw = random.Random(7)
    users = [[draw.gauss(0, 1) for _ in range(N_TASTES)] for _ in range(N_USERS)]
    films = [[draw.gauss(0, 1) for _ in range(N_TASTES)] for _ in range(N_FILMS)]
    for _ in range(n):
        user = draw.randrange(N_USERS)
        items = draw.sample(range(N_FILMS), SHOWN)
        visit = {"user": user, "items": [f"film {item}" for item in items]}
        yield visit, {f"film {item}": stars(users[user], films[item]) for item in items}


def stars(tastes: list[float], film: list[float]) -> float:
    """Return how a user would rate a film, from one star to five."""
    return min(5.0, max(1.0, 3.0 + sum(map(math.prod, zip(tastes, film, strict=True)))))


def taken(ranking: list[str], liked: dict[str, float]) -> dict[str, Any]:
    """Return the film that the user takes, with its rating."""
    item = max(ranking[:SEEN], key=liked.__getitem__)
    return {"item": item, "rating": liked[item]}


def over_http(client: Client, events: running.Events) -> running.Metrics:
    """Rank films at each visit, and send what was taken when it is known; return the server's metrics."""
    rankings = {}
    for number, visit, liked in track(events, description="Streaming"):
        visit_id = f"{NAME}-{number}"
        if liked is None:
            rankings[number] = client.predict(id=visit_id, model=NAME, **visit)
        else:
            client.learn(taken(rankings.pop(number), liked), id=visit_id)
    return client.metrics(model=NAME)


def bare_loop(model: Any, events: running.Events) -> running.Metrics:
    """Do with River alone what the server does; return the same metrics."""
    rankings, mrr, ndcg = {}, stats.Mean(), stats.Mean()
    for number, visit, liked in events:
        if liked is None:
            rankings[number] = visit["user"], model.rank(**visit)
            continue
        user, ranking = rankings.pop(number)
        found = taken(ranking, liked)
        place = ranking.index(found["item"]) + 1
        mrr.update(1 / place)
        ndcg.update(1 / math.log2(1 + place))
        model.learn_one(user, found["item"], found["rating"])
    return {"MRR": mrr.get(), "NDCGAt10": ndcg.get()}


if __name__ == "__main__":
    main()
