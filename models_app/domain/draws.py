"""The process-wide random generators, each model's own while it is called.

A model that draws from `random` or `numpy.random` (scikit-learn's do without a `random_state`) shares them
with whatever else runs in the process: a replay would draw other numbers. Within `Draws.drawing` every draw
comes from generators that are seeded from the instance, the model, its seq and the call, so that it can be
had again. So does what an object takes from the operating system to seed a generator of its own.

The generators are looked up by thread, not seeded in place under a lock: a model that sleeps while it draws
must not stall the others. Outside of a call, and in threads that a model starts, they are as ever.
"""

import functools
import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from numpy.random import bit_generator, mtrand
from river.stats import kolmogorov_smirnov

# The functions of both modules are methods of these.
_PYTHON: random.Random = random._inst
_NUMPY: np.random.RandomState = mtrand._rand
_SEED_BITS = 32
# The hash of a string is the instance's own: all of its processes have one seed for hashes.
_INSTANCE = hash("the instance")
# Aliases for methods under another name.
_ALIASES = {"ranf": "random_sample", "sample": "random_sample", "seed": "seed"}


class _Current(threading.local):
    """The draws of the call that this thread makes; None between calls."""

    draws: "Draws | None" = None


_current = _Current()


class Draws:
    """The random draws of one model. One thread at a time calls it.

    `key` says whose draws they are, `call` which call it is: under the same of both the same is drawn.

    >>> draws = Draws("example")
    >>> drawn = []
    >>> for call in (1, 2, 1):
    ...     draws.call = call
    ...     with draws:
    ...         drawn.append((random.random(), float(np.random.random())))
    >>> drawn[0] == drawn[2], drawn[0] == drawn[1]
    (True, False)
    """

    __slots__ = ("_key", "_n_entropies", "_numpy", "_python", "_ready", "call", "is_used")

    def __init__(self, key: str) -> None:
        self._key = key
        self.call = 0
        #: Whether a call has drawn something, so that `reset` must come before the next.
        self.is_used = False
        self._ready: set[str] = set()
        self._n_entropies = 0
        self._python: random.Random | None = None
        self._numpy: np.random.RandomState | None = None

    def reset(self) -> None:
        """Let the next call begin anew."""
        self.is_used = False
        self._ready.clear()
        self._n_entropies = 0

    def __enter__(self) -> None:
        """Have this thread draw from here until the end of the block.

        Each call in it sets `call`, and calls `reset` where the one before has drawn something: a context of
        its own would take longer than all that.
        """
        _current.draws = self

    def __exit__(self, *_error: object) -> None:
        _current.draws = None
        if self.is_used:
            self.reset()

    def python(self) -> random.Random:
        """Return what stands in for the generator of `random`."""
        if "python" not in self._ready:
            self._use("python")
            self._python = self._python or random.Random(0)  # noqa: S311
            self._python.seed(self._seed("python"))
        return self._python  # type: ignore[return-value]  # made just now

    def numpy(self) -> np.random.RandomState:
        """Return what stands in for the generator of `numpy.random`."""
        if "numpy" not in self._ready:
            self._use("numpy")
            with apart():
                # Numpy takes noise even for one with a seed.
                self._numpy = self._numpy or np.random.RandomState(0)
            self._numpy.seed(self._seed("numpy"))
        return self._numpy  # type: ignore[return-value]

    def entropy(self, bits: int) -> int:
        """Return what stands in for noise of the operating system, each time other bits."""
        self.is_used = True
        self._n_entropies += 1
        return random.Random(self._seed(f"entropy {self._n_entropies}")).getrandbits(bits)  # noqa: S311

    def generator(self, key: str) -> random.Random:
        """Return a generator for one draw of the call that is another one for each key.

        >>> draws = Draws("example")
        >>> draws.generator("a").random() == draws.generator("a").random() != draws.generator("b").random()
        True
        """
        return random.Random(self._seed(key))  # noqa: S311

    def _use(self, kind: str) -> None:
        self.is_used = True
        self._ready.add(kind)

    def _seed(self, kind: str) -> int:
        text = f"{_INSTANCE}/{self._key}/{self.call}/{kind}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _SEED_BITS // 8])


class _ThreadsState(np.random.RandomState):
    """Numpy's process-wide generator by thread: what scikit-learn and SciPy use without a `random_state`."""

    def __reduce__(self) -> str:  # type: ignore[override]
        # By name: a copy of its own would no longer be the generator that the model goes on with.
        return "_rand"


_ThreadsState.__module__ = mtrand.__name__


@contextmanager
def apart() -> Iterator[None]:
    """Run a block as if no model were called: what it takes from generators is not the model's."""
    interrupted, _current.draws = _current.draws, None
    try:
        yield
    finally:
        _current.draws = interrupted


def _dispatching(
    name: str, original: Callable[..., Any], find: Callable[[Draws], object]
) -> Callable[..., Any]:
    """Return a function that draws from the current call's generator, else from the original."""

    @functools.wraps(original)
    def draw(*args: Any, **kwargs: Any) -> Any:
        draws = _current.draws
        method = original if draws is None else getattr(find(draws), name)
        return method(*args, **kwargs)

    return draw


def _dispatching_method(name: str) -> Callable[..., Any]:
    original = getattr(_NUMPY, name)

    @functools.wraps(original)
    def draw(_self: object, *args: Any, **kwargs: Any) -> Any:
        draws = _current.draws
        method = original if draws is None else getattr(draws.numpy(), name)
        return method(*args, **kwargs)

    return draw


def _install() -> None:
    """Put the dispatching functions in the place of the originals, once a process."""
    for name in random.__all__:
        original = getattr(random, name)
        if getattr(original, "__self__", None) is _PYTHON:
            _replace(random, name, _dispatching(name, original, Draws.python))
    for module in (np.random, mtrand):
        for name in dir(module):
            original = getattr(module, name)
            if getattr(original, "__self__", None) is _NUMPY or name in _ALIASES:
                _replace(module, name, _dispatching(_ALIASES.get(name, name), original, Draws.numpy))
    for name in dir(np.random.RandomState):
        if not name.startswith("_") and callable(getattr(_NUMPY, name)):
            setattr(_ThreadsState, name, _dispatching_method(name))
    # It took the original when it was imported.
    kolmogorov_smirnov._random = random.random
    mtrand._rand = _ThreadsState(0)
    random.Random.seed = _seeding(random.Random.seed)  # type: ignore[method-assign]
    bit_generator.randbits = _noise(bit_generator.randbits)  # type: ignore[attr-defined]


def _replace(module: ModuleType, name: str, function: Callable[..., Any]) -> None:
    # Pickles name a function by these.
    function.__module__, function.__qualname__ = module.__name__, name
    setattr(module, name, function)


def _seeding(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        draws = _current.draws
        if a is None and draws is not None:
            a = draws.entropy(_SEED_BITS)
        original(self, a, version)

    return seed


def _noise(original: Callable[[int], int]) -> Callable[[int], int]:
    @functools.wraps(original)
    def randbits(k: int) -> int:
        draws = _current.draws
        return original(k) if draws is None else draws.entropy(k)

    return randbits


_install()
