"""Real delays: how long will a taxi trip take? The ground truth comes when the taxi arrives.

Takes River's Taxis set (New York; 195 MB at the first download) where it can be had, otherwise trips that
this example makes up; it says which. The model is a pipeline of this script's own functions. `dill` takes
them along, and each imports what it needs, because it will run in the server.
"""

import datetime as dt
import itertools
import math
import random
import socket
import zipfile
from collections.abc import Iterator
from typing import Any

import running
from river import compose, datasets, linear_model, preprocessing, stream

NAME = "example-taxis"
SEED = 42
DOWNLOAD_SECONDS = 10.0

Trip = dict[str, Any]


def distances(trip: Trip) -> dict[str, float]:
    """How far it is, in kilometres: as the crow flies, and along a grid of streets."""
    import math

    km_per_degree = 111.2
    north = km_per_degree * (trip["dropoff_latitude"] - trip["pickup_latitude"])
    shrink = math.cos(math.radians(trip["pickup_latitude"]))
    east = km_per_degree * shrink * (trip["dropoff_longitude"] - trip["pickup_longitude"])
    return {"crow_km": math.hypot(north, east), "grid_km": abs(north) + abs(east)}


def pickup_time(trip: Trip) -> dict[str, float]:
    """When it began. JSON has no type for it: the moment comes as text."""
    import datetime as dt
    import math

    moment = dt.datetime.fromisoformat(trip["pickup_datetime"])
    angle = 2 * math.pi * (moment.hour + moment.minute / 60) / 24
    return {
        "hour_sin": math.sin(angle),
        "hour_cos": math.cos(angle),
        "is_weekend": float(moment.weekday() >= 5),
    }


def make_model() -> compose.Pipeline:
    features = compose.FuncTransformer(distances) + compose.FuncTransformer(pickup_time)
    return features | preprocessing.StandardScaler() | linear_model.LinearRegression()


def made_up_trips() -> Iterator[tuple[Trip, int]]:
    """Yield trips through a town that does not exist, the same ones each time; durations are in seconds."""
    draw = random.Random(SEED)
    moment = dt.datetime(2024, 3, 4, 6)  # noqa: DTZ001  # local time, as in the Taxis set
    while True:
        moment += dt.timedelta(seconds=draw.expovariate(1 / 20))
        trip = {
            "passenger_count": draw.randint(1, 4),
            "pickup_datetime": moment.isoformat(timespec="seconds"),
            "pickup_longitude": draw.gauss(-73.98, 0.02),
            "pickup_latitude": draw.gauss(40.75, 0.02),
            "dropoff_longitude": draw.gauss(-73.98, 0.03),
            "dropoff_latitude": draw.gauss(40.75, 0.03),
        }
        rush = 1 + 0.5 * math.sin(math.pi * moment.hour / 12) ** 2
        yield trip, round(120 + 150 * rush * distances(trip)["grid_km"] * draw.lognormvariate(0, 0.2))


def recorded_trips() -> Iterator[tuple[Trip, int]]:
    """Yield River's Taxis, with what JSON can say. Raises OSError where they cannot be downloaded."""
    taxis = datasets.Taxis()
    if not taxis.is_downloaded:
        print("River's Taxis set is not here yet: trying to download it (195 MB).")
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(DOWNLOAD_SECONDS)
        try:
            taxis.download(verbose=False)
        except zipfile.BadZipFile as error:
            raise OSError(str(error)) from error
        finally:
            socket.setdefaulttimeout(before)
    for trip, seconds in taxis:
        yield {**trip, "pickup_datetime": trip["pickup_datetime"].isoformat()}, seconds


def trips(limit: int, *, made_up: bool) -> list[tuple[Trip, int]]:
    """Return trips in the order in which they begin, and say where they are from."""
    found = None
    if not made_up:
        try:
            found = list(itertools.islice(recorded_trips(), limit))
            print(f"{len(found)} recorded trips of River's Taxis set.")
        except OSError as error:
            print(f"River's Taxis set cannot be had here ({error}).")
    if found is None:
        found = list(itertools.islice(made_up_trips(), limit))
        print(f"{len(found)} trips, made up by this example (seed {SEED}).")
    return sorted(found, key=lambda item: item[0]["pickup_datetime"])


def main() -> None:
    parser = running.options(__doc__, limit=2000)
    parser.add_argument("--made-up", action="store_true", help="take made-up trips, download nothing")
    options = parser.parse_args()
    client = running.connect(options.url)

    model = make_model()
    client.upload(model, NAME, flavor="regression")

    events = list(
        stream.simulate_qa(
            trips(options.limit, made_up=options.made_up),
            moment=lambda trip: dt.datetime.fromisoformat(trip["pickup_datetime"]),
            delay=lambda _trip, seconds: dt.timedelta(seconds=seconds),
        )
    )
    served = running.over_http(client, NAME, events, flavor="regression")
    running.report("Taxi trips (seconds)", served, running.bare_loop(model, events, flavor="regression"))


if __name__ == "__main__":
    main()
