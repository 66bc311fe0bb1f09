"""A loop over River alone, in a process of its own: `python -m tests.servers.bare_loops`.

What it gives depends on the hash seed of its process, and so it runs under an instance's.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dill

from tests.servers.launchers import ROOT

#: ("predict", features) or ("learn", features, ground truth).
Step = tuple[str, Any] | tuple[str, Any, Any]


def seed_of(instance: Path) -> str:
    """Return the hash seed of an instance."""
    return (instance / "hash_seed").read_text().strip()


def call_all(calls: Sequence[tuple[Any, ...]], *, seed: str) -> list[Any]:
    """Return what functions of modules return, each with its arguments, in a process under `seed`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers.bare_loops", "call_all"],
        input=pickle.dumps(calls),
        env=os.environ | {"PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    returned: list[Any] = pickle.loads(done.stdout)
    return returned


def loop(model: bytes, steps: Sequence[Step], *, seed: str, method: str = "predict_one") -> list[Any]:
    """Return what a pickled model predicts at the `predict` steps, in a process that runs under `seed`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers.bare_loops"],
        input=pickle.dumps((model, steps, method)),
        env=os.environ | {"PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    predictions: list[Any] = pickle.loads(done.stdout)
    return predictions


def _run() -> None:
    data, steps, method = pickle.loads(sys.stdin.buffer.read())
    model = dill.loads(data)
    predictions = []
    for kind, x, *y in steps:
        if kind == "learn":
            model.learn_one(x, *y)
        else:
            predictions.append(getattr(model, method)(x))
    sys.stdout.buffer.write(pickle.dumps(predictions))


def _call_all() -> None:
    calls = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps([function(*arguments) for function, *arguments in calls]))


if __name__ == "__main__":
    _call_all() if sys.argv[1:] == ["call_all"] else _run()
