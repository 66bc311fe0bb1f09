"""The order in which this server learned, read from its journal: a check from outside of its code."""

import sqlite3
from contextlib import closing
from typing import Any

from benchmarks.mirrors import Prediction, as_json
from benchmarks.servers import MODEL, ThisServer
from models_app.domain import learns

_SEGMENTS = """
SELECT s.learns FROM models_app_journalsegment s JOIN models_app_servedmodel m ON m.id = s.model_id
WHERE m.name = ? AND s.generation = m.generation AND s.first_seq > ? ORDER BY s.first_seq
"""
_SEQ = "SELECT seq FROM models_app_servedmodel WHERE name = ?"
_N_PENDING = "SELECT count(*) FROM models_app_pendingprediction"


def order(server: ThisServer, model: str = MODEL, *, after: int = 0) -> list[tuple[str | None, Prediction]]:
    """Return id and prediction of each learn of a model after a seq, in order."""
    return [
        (learn.prediction_id, as_json(learn.y_pred()))  # type: ignore[arg-type]  # of a binary flavor
        for (segment,) in _rows(server, _SEGMENTS, model, after)
        for learn in learns.decode(segment)
    ]


def learned(server: ThisServer, model: str = MODEL) -> list[learns.Learn]:
    """Return the learns of a model, in order."""
    return [learn for (segment,) in _rows(server, _SEGMENTS, model, 0) for learn in learns.decode(segment)]


def seq(server: ThisServer, model: str = MODEL) -> int:
    """Return the number of a model's learns."""
    return int(_rows(server, _SEQ, model)[0][0])


def n_pending(server: ThisServer) -> int:
    """Return how many predictions await their ground truth."""
    return int(_rows(server, _N_PENDING)[0][0])


def _rows(server: ThisServer, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.database, timeout=30)) as connection:
        return connection.execute(sql, values).fetchall()
