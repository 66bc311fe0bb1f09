"""Statistics: what the last year looked like, month by month. (River's AirlinePassengers, 144 months.)

Each month comes with its moment, since the window is one in time.
"""

from datetime import timedelta
from typing import Any

import running
from client import Client
from rich.progress import track
from river import datasets, stats, utils

NAME = "example-year"


def main() -> None:
    options = running.options(__doc__, limit=144).parse_args()
    client = running.connect(options.url)

    model = utils.TimeRolling(stats.Mean, period=timedelta(days=365))
    client.upload(model, NAME, flavor="statistic")

    months = [(x["month"], float(y)) for x, y in datasets.AirlinePassengers().take(options.limit)]
    running.report("AirlinePassengers", over_http(client, months), bare_loop(model, months))


def over_http(client: Client, months: list[tuple[Any, float]]) -> running.Metrics:
    """Update the server's statistic with each month; return what it says then."""
    for month, passengers in track(months, description="Streaming"):
        client.learn(passengers, model=NAME, t=month.isoformat())
    return {"Mean of a year": client.predict(model=NAME)}


def bare_loop(model: Any, months: list[tuple[Any, float]]) -> running.Metrics:
    """Do with River alone what the server does; return the same."""
    for month, passengers in months:
        model.update(passengers, t=month)
    return {"Mean of a year": model.get()}


if __name__ == "__main__":
    main()
