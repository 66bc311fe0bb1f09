"""Which model has ended the process that served it, where several were at work?"""

from collections.abc import Collection

#: So much blame, and a model is not loaded any more: that of three ends which it alone can have caused.
LIMIT = 3.0


def shares(working: Collection[str], suspects: Collection[str]) -> dict[str, float]:
    """Return which share of the blame for an end the models get that were being worked on.

    Only one of the `suspects`, those of earlier ends, is worked on at a time. Where one of them was, it is
    that one: the model that ended the process was a suspect since its first time, and others are only where
    they happened to be at work then. Else all have the same share.

    >>> shares(["a"], [])
    {'a': 1.0}
    >>> shares(["a", "b"], [])
    {'a': 0.5, 'b': 0.5}
    >>> shares(["a", "b", "c"], ["b", "d"])
    {'b': 1.0}
    >>> shares([], ["a"])
    {}
    """
    blamed = [name for name in working if name in suspects] or list(working)
    return {name: 1 / len(blamed) for name in blamed}


def is_enough(blame: float) -> bool:
    """Say whether a model with so much blame is not loaded any more.

    >>> is_enough(2 / 3 + 1 / 3 + 2), is_enough(2.9)
    (True, False)
    """
    return blame > LIMIT - 1e-6
