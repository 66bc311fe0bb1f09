"""Random generators among an object's attributes."""

import random

import numpy as np

GENERATORS = (random.Random, np.random.RandomState, np.random.Generator)
_HAS_NO_SEED = object()


def unseeded_generators(owner: object) -> set[int]:
    """Return the ids of the random generators of an object whose own `seed` is None.

    >>> from river import preprocessing
    >>> len(unseeded_generators(preprocessing.FeatureHasher(seed=1)))
    0
    """
    state = getattr(owner, "__dict__", None)
    if type(state) is not dict or state.get("seed", _HAS_NO_SEED) is not None:
        return set()
    return {id(made) for made in state.values() if isinstance(made, GENERATORS)}
