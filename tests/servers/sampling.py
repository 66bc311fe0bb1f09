"""River's own loop over a sampler, by the rule for what it draws; to run under an instance's hash seed."""

import json
import pickle
from typing import Any

from models_app.domain.draws import Draws

#: ("predict", id or None, features' JSON) or ("learn", features' JSON, ground truth).
Step = tuple[str, Any, Any]


def asked_by_river(model: bytes, name: str, steps: list[Step], method: str) -> list[tuple[Any, bool]]:
    """Return what a pickled sampler predicts, and whether it asks, at the `predict` steps."""
    loop: Any = pickle.loads(model)
    sampler = loop[-1] if hasattr(loop, "steps") else loop
    draws, n_learns, found = Draws(name), 0, []
    for kind, first, second in steps:
        if kind == "learn":
            loop.learn_one(json.loads(first), second)
            n_learns += 1
            continue
        # One draw for each prediction: by the instance, the model's name, its learns, id and features.
        draws.call = 2 * n_learns
        sampler._rng = draws.generator(f"ask {first!r} {second.encode()!r}")
        found.append(getattr(loop, method)(json.loads(second)))
    return found
