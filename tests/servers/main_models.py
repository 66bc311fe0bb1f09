"""Models that are defined in a script. `python main_models.py FOLDER` writes each as dill makes it."""

import sys
import time
from pathlib import Path
from typing import Any

Features = dict[str, Any]
Probabilities = dict[Any, float]


class Counting:
    """Counts its learns and remembers who they were; predicts their number."""

    def __init__(self) -> None:
        self.n = 0
        self.tags: list[Any] = []

    def predict_one(self, x: Features) -> int:
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        self.n += 1
        self.tags.append(x.get("tag"))


class Fragile:
    """Changes first and raises then, where the features ask for it; notes each `learn_one` in `log`."""

    def __init__(self) -> None:
        self.n = 0
        self.total = 0.0
        self.log: str | None = None
        self.seconds = 0.0

    def predict_one(self, x: Features) -> float:
        if x.get("bad_predict"):
            self.n += 1000
            raise ValueError("no prediction of this")
        return self.total

    def learn_one(self, x: Features, y: float) -> None:
        import time

        if self.log is not None:
            with open(self.log, "a") as log:  # noqa: PTH123  # imports are few where functions travel
                log.write("x")
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass
        self.n += 1
        if x.get("bad"):
            raise ValueError("halfway")
        if x.get("leave"):
            sys.exit("the model would leave")
        self.total += y


class Deadly:
    """Ends its process in a learn, in the way that the features say; else counts its learns."""

    def __init__(self) -> None:
        self.n = 0
        self.kept: Any = None

    def predict_one(self, x: Features) -> int:
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        import ctypes
        import os
        import signal
        import time

        if x.get("sleep"):
            time.sleep(x["sleep"])
        match x.get("die"):
            case "exit":
                os._exit(7)
            case "segfault":
                ctypes.string_at(0)
            case "abort":
                os.abort()
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hold":
                # The interpreter is nobody else's meanwhile.
                ctypes.PyDLL(None).sleep(600)
            case "memory":
                self.kept = bytearray(x["bytes"])
            case "leak":
                self.kept = []
                while len(self.kept) < x["bytes"] // 4096:
                    self.kept.append(bytes(4096))
        self.n += 1


class Sleeping:
    """Sleeps in a learn for as long as the features say, in seconds."""

    def __init__(self) -> None:
        self.n = 0

    def predict_one(self, x: Features) -> int:
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        import time

        self.n += 1
        time.sleep(x["sleep"])


class Slow:
    """Computes for 50 ms in each learn; not in an upload's trial, whose features have an `a`."""

    def __init__(self) -> None:
        self.n = 0

    def predict_one(self, x: Features) -> int:
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        end = time.perf_counter() + (0.0 if "a" in x else 0.05)
        while time.perf_counter() < end:
            self.n += 1


class Scribbling:
    """Writes to the features it is handed, and learns the sum of what they held."""

    def __init__(self) -> None:
        self.seen: list[Features] = []

    def predict_one(self, x: Features) -> float:
        total = float(sum(x.pop("parts")))
        x["total"] = total
        return total

    def learn_one(self, x: Features, y: float) -> None:
        self.seen.append({name: list(value) for name, value in x.items()})
        x["parts"].clear()


class Labelled:
    """Predicts what `shares` has, with labels of every kind; remembers the kinds it learned from."""

    def __init__(self) -> None:
        self.shares: Probabilities | None = {"cat": 0.1, 2: 0.2, 2.5: 0.3, True: 0.4}
        self.learned: list[tuple[str, Any]] = []

    def predict_proba_one(self, x: Features) -> Probabilities | None:
        return self.shares

    def learn_one(self, x: Features, y: Any) -> None:
        self.learned.append((type(y).__name__, y))


class Answering:
    """Predicts whatever its features have under `answer`."""

    def predict_one(self, x: Features) -> Any:
        return {"nan": float("nan"), "inf": float("inf")}.get(x["answer"], x["answer"])

    def learn_one(self, x: Features, y: float) -> None:
        pass


class Tracked:
    """Notes in `log` when it is loaded (+) and when its memory is freed (-)."""

    def __init__(self) -> None:
        self.n = 0
        self.log: str | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.note("+")

    def __del__(self) -> None:
        self.note("-")

    def note(self, sign: str) -> None:
        if self.log is None:
            return
        try:
            with open(self.log, "a") as log:  # noqa: PTH123
                log.write(sign)
        except PermissionError:
            # In the trial of an upload there are no files.
            return

    def predict_one(self, x: Features) -> int:
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        self.n += 1


class Drawing:
    """Draws from the process's generators, when it learns and when it predicts."""

    def __init__(self) -> None:
        self.noise = 0.0

    def predict_one(self, x: Features) -> float:
        import random

        import numpy as np

        return self.noise + random.random() + float(np.random.normal())

    def learn_one(self, x: Features, y: float) -> None:
        import random

        import numpy as np

        self.noise += random.gauss(0, 1) * float(np.random.rand()) + float(np.random.default_rng().random())


class Asked:
    """Counts how often it is asked, and predicts that."""

    def __init__(self) -> None:
        self.n = 0

    def predict_one(self, x: Features) -> int:
        self.n += 1
        return self.n

    def learn_one(self, x: Features, y: float) -> None:
        self.n += 100


class Stamping:
    """Predicts when it has learned last."""

    def __init__(self) -> None:
        self.moment = 0.0

    def predict_one(self, x: Features) -> float:
        return self.moment

    def learn_one(self, x: Features, y: float) -> None:
        import time

        self.moment = time.time()


class OnlyLearning:
    """Predicts nothing."""

    def learn_one(self, x: Features, y: float) -> None:
        pass


class OnlyPredicting:
    """Learns nothing."""

    def predict_one(self, x: Features) -> int:
        return 0


def parse_date(x: Features) -> Features:
    import datetime as dt
    import math

    day = dt.date.fromordinal(int(x["ordinal_date"]))
    return {"weekday": day.weekday(), "season": math.sin(day.timetuple().tm_yday / 365 * math.tau)}


def pollsters(x: Features) -> Features:
    import statistics

    shares = [value for name, value in sorted(x.items()) if name != "ordinal_date"]
    return {"mean": statistics.fmean(shares), "spread": max(shares) - min(shares)}


def functions() -> Any:
    """Return a pipeline of functions with imports of their own."""
    from river import compose, linear_model, preprocessing

    features = compose.FuncTransformer(parse_date) + compose.FuncTransformer(pollsters)
    return features | preprocessing.StandardScaler() | linear_model.LinearRegression()


def main(folder: Path) -> None:
    """Write them all."""
    import dill

    models = {
        "counting": Counting(),
        "fragile": Fragile(),
        "deadly": Deadly(),
        "sleeping": Sleeping(),
        "slow": Slow(),
        "scribbling": Scribbling(),
        "labelled": Labelled(),
        "answering": Answering(),
        "tracked": Tracked(),
        "drawing": Drawing(),
        "asked": Asked(),
        "stamping": Stamping(),
        "only_learning": OnlyLearning(),
        "only_predicting": OnlyPredicting(),
        "functions": functions(),
    }
    for name, model in models.items():
        (folder / f"{name}.dill").write_bytes(dill.dumps(model, recurse=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
