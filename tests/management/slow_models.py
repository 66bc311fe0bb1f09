"""A model that takes its time; the server imports it from here when it unpickles one."""

import time
from pathlib import Path
from typing import Any


class SlowModel:
    """Sleeps as long as its features say while it learns, and leaves a file when it begins."""

    def predict_one(self, x: dict[str, Any]) -> float:
        return 0.0

    def learn_one(self, x: dict[str, Any], y: float) -> None:
        Path(x["began"]).touch()
        time.sleep(x["seconds"])
