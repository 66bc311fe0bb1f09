"""Uploads that do what they should not, in what they are unpickled to, or when they learn."""

from typing import Any

Features = dict[str, Any]


class Unpickled:
    """Runs code when it is unpickled; what that leaves in `result` comes out."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> Any:
        return run, (self.code,)


def run(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names.get("result")


class Learning:
    """Runs code when it learns."""

    def __init__(self, code: str) -> None:
        self.code = code

    def learn_one(self, x: Features, y: float) -> None:
        run(self.code)

    def predict_one(self, x: Features) -> float:
        return 0.0
