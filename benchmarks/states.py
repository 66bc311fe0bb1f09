"""States of a server that would take long to reach by requests, and the way back from a kill."""

import pickle
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import journals, mirrors
from benchmarks.calls import CallError, call_json
from benchmarks.mirrors import Mirror
from benchmarks.servers import MODEL, ThisServer
from benchmarks.workloads import Workload

_N_PROBES = 5
_POLL_SECONDS = 0.005
_FIRST_SECONDS = 120.0
_PENDING = "models_app_pendingprediction"


def multiply_pending(database: Path, n: int) -> None:
    """Copy the one pending prediction of a stopped server n times, under ids drawn at random."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        # Nobody else is connected, and nothing is lost that could not be made again.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({_PENDING})")]
        names = ", ".join(columns)
        copied = ", ".join("k.id" if name == "prediction_id" else f"p.{name}" for name in columns)
        connection.execute(
            f"""
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?),
            ids(id) AS (SELECT hex(randomblob(8)) AS id FROM numbers ORDER BY id)
            INSERT INTO {_PENDING} ({names}) SELECT {copied} FROM ids k CROSS JOIN {_PENDING} p
            """,
            (n,),
        )
        connection.execute("PRAGMA journal_mode = WAL")


def check_state(server: ThisServer, workload: Workload, n: int) -> list[str]:
    """After n learns, in order of the samples, the model must predict what bare River's does."""
    model = workload.load()
    for number in range(n):
        sample = workload.sample(number)
        model.learn_one(dict(sample.features), sample.ground_truth)
    downloaded = pickle.loads(server.download(MODEL))
    wrong = [
        f"after {n} learns (the server counts {journals.seq(server)}) {prediction} instead of {expected}"
        for sample in workload.samples[:_N_PROBES]
        if (prediction := mirrors.predict(downloaded, sample)) != (expected := mirrors.predict(model, sample))
    ]
    return [*wrong[:1], first_divergence(server, workload)] if wrong else []


def first_divergence(server: ThisServer, workload: Workload) -> str:
    """Say where the journal's predictions cease to be bare River's for the samples in order."""
    mirror = Mirror(workload.samples, workload.load())
    journal = journals.order(server)
    for number, (prediction, expected) in enumerate(
        zip((prediction for _, prediction in journal), mirror.predictions(len(journal)), strict=True)
    ):
        if prediction != expected:
            return f"the journal's learn {number + 1} had {prediction} instead of {expected}"
    return "all predictions in the journal are right"


def first_prediction(server: ThisServer, workload: Workload) -> tuple[float, Any]:
    """Start a server and return the seconds until it has predicted the first sample, and what."""
    content = {"features": workload.samples[0].features}
    started_at = time.perf_counter()
    server.launch()
    while True:
        try:
            answer = call_json(server.port, "POST", "/api/predict", content)
        except CallError:
            server.check()
            if time.perf_counter() - started_at > _FIRST_SECONDS:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return time.perf_counter() - started_at, answer["prediction"]
