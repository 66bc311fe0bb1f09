"""Names of models and ids of predictions."""

import random
import unicodedata
from collections.abc import Callable

from models_app.domain.errors import InvalidModelName, InvalidRequest
from models_app.domain.words import ADJECTIVES, FOODS

MAX_LENGTH = 200


def check_model_name(name: str) -> str:
    """Return `name` if it can name a model.

    A name is part of an address, so that it has no slash and is not `.` or `..`; it has no control
    character and does not begin or end with a space. Everything else is the user's affair.

    Raises `InvalidModelName`.

    >>> check_model_name("healthy-banana")
    'healthy-banana'
    """
    if not name or len(name) > MAX_LENGTH:
        raise InvalidModelName({"name": [f"must have 1 to {MAX_LENGTH} characters"]})
    if "/" in name or name in {".", ".."}:
        raise InvalidModelName({"name": ["must not contain a slash, nor be '.' or '..'"]})
    if name != name.strip() or any(unicodedata.category(char).startswith("C") for char in name):
        raise InvalidModelName({"name": ["must not begin or end with a space, nor have control characters"]})
    return name


def draw_name(taken: Callable[[str], bool], rng: random.Random | None = None) -> str:
    """Draw an `adjective-food` that is not taken yet.

    >>> draw_name(lambda name: False, random.Random(42))
    'tender-caramel'
    """
    rng = rng or random.SystemRandom()
    while True:
        name = f"{rng.choice(ADJECTIVES)}-{rng.choice(FOODS)}"
        if not taken(name):
            return name


def prediction_id(value: int | str) -> str:
    """Return the canonical form of an id: `42` and `"42"` are the same.

    Raises `InvalidRequest` where it is longer than the database keeps.

    >>> prediction_id(42)
    '42'
    """
    text = value if type(value) is str else str(value)
    if len(text) > MAX_LENGTH:
        raise InvalidRequest({"id": [f"must have at most {MAX_LENGTH} characters"]})
    if "\x00" in text:
        # PostgreSQL's text cannot hold it.
        raise InvalidRequest({"id": ["must not contain a null character"]})
    return text
