"""Features of several kinds, made up for trials: a model takes some of them."""

from models_app.domain.features import Features
from models_app.paradigms.base import MakeInputs


def _numbers(number: int) -> Features:
    return {"a": (7 * number % 5) / 2 + 0.25, "b": (3 * number % 7) - 1.5, "c": float(number % 4)}


def _mixed(number: int) -> Features:
    return {"a": 0.5 + number % 5, "b": ("red", "green", "blue")[number % 3], "c": number % 2 == 0}


def _words(number: int) -> Features:
    return {"a": ("red", "green", "blue")[number % 3], "b": ("left", "right")[number % 2]}


def _text(number: int) -> Features:
    return ("a good match for all", "another day at the sea", "the good sea")[number % 3]


KINDS: tuple[MakeInputs, ...] = (_numbers, _mixed, _words, _text)
