"""Records of a file that are known by their lines, and what of them a model has learned."""

import pickle
from typing import Any

import msgspec

from models_app.services.exporting import export_model
from models_app.services.files import BadLine, FileRecord


def record(line: int, **features: Any) -> FileRecord:
    return FileRecord(line=line, features=msgspec.json.encode({"n": line, **features}), ground_truth=line)


def numbered(n: int, *others: FileRecord | BadLine) -> list[FileRecord | BadLine]:
    """Return records of lines 1 to n, but for the other ones."""
    instead = {other.line: other for other in others}
    return [instead.get(line) or record(line) for line in range(1, n + 1)]


def learned() -> list[int]:
    """Return the lines that the model in memory has learned, in order."""
    found: list[int] = pickle.loads(export_model(name="model")).learned
    return found
