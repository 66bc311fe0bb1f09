"""Records to learn from, of every kind that River's estimators take."""

import random
from collections.abc import Iterator
from typing import Any

Record = tuple[Any, Any]

WORDS = "river model learns online stream drift tree forest scale count label text".split()


def _numbers(rng: random.Random, i: int) -> dict[str, Any]:
    return {"a": rng.gauss(0, 1), "b": rng.uniform(-5, 5), "d": float(i % 7), "e": rng.expovariate(1)}


def numbers(n: int) -> Iterator[dict[str, Any]]:
    """Yield features that are numbers; now and then one is missing, and later one is new."""
    rng = random.Random(1)
    for i in range(n):
        x = _numbers(rng, i)
        if i % 11 == 10:
            del x["b"]
        if i > n // 2:
            x["late"] = rng.random()
        yield x


def steady(n: int) -> Iterator[dict[str, Any]]:
    """Yield features that are numbers, always the same."""
    rng = random.Random(2)
    for i in range(n):
        yield _numbers(rng, i)


def mixed(n: int) -> Iterator[dict[str, Any]]:
    """Yield numbers and a category of which more values come up as time passes."""
    rng = random.Random(3)
    for i in range(n):
        yield _numbers(rng, i) | {"c": f"kind {rng.randrange(1 + i // 20)}", "f": i % 3 == 0}


def categories(n: int) -> Iterator[dict[str, Any]]:
    """Yield categories only."""
    rng = random.Random(4)
    for _ in range(n):
        yield {"c": rng.choice(WORDS), "g": rng.choice("xyz")}


def counts(n: int) -> Iterator[dict[str, Any]]:
    """Yield counts of words."""
    rng = random.Random(5)
    for _ in range(n):
        yield {word: rng.randrange(1, 4) for word in rng.sample(WORDS, 4)}


def texts(n: int) -> Iterator[str]:
    """Yield texts."""
    rng = random.Random(6)
    for i in range(n):
        yield " ".join(rng.choices(WORDS, k=6)) + (f" w{i}" if i % 5 == 0 else "")


KINDS = {
    "numbers": numbers,
    "steady": steady,
    "mixed": mixed,
    "categories": categories,
    "counts": counts,
    "texts": texts,
}


def truth(flavor: str, i: int, x: Any) -> Any:
    """Return the ground truth of record `i`."""
    if isinstance(x, str):
        signal = float(len(x))
    else:
        signal = sum(value if isinstance(value, int | float) else len(value) for value in x.values())
    if flavor == "regression":
        return round(2 * signal + i % 5, 3)
    if flavor == "binary":
        return int(signal * 3) % 2 == 0
    return ["red", "green", "blue"][int(signal) % 3]


def records(kind: str, flavor: str, n: int) -> list[Record]:
    """Return `n` records of one kind, and each time the same."""
    return [(x, truth(flavor, i, x)) for i, x in enumerate(KINDS[kind](n))]
