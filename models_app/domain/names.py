"""Names of models and ids of predictions."""

import random
import unicodedata
from collections.abc import Callable

from models_app.domain.errors import InvalidModelName, InvalidRequest
from models_app.domain.texts import is_well_formed
from models_app.domain.words import ADJECTIVES, FOODS

MAX_LENGTH = 200
#: Of a note in the charts of a model.
MAX_NOTE_LENGTH = 500
# Letters and symbols by their category, and nothing on the screen: what stands for bytes that could not be
# decoded, the fillers of Hangul, a blank of Braille, the grapheme joiner.
_BLANK = frozenset("\ufffd\u115f\u1160\u3164\uffa0\u2800\u034f")
_UNREADABLE = (
    "must not begin or end with a space, nor have control characters, characters that cannot be seen, or "
    "separators other than the plain space"
)
_TOO_LONG = f"must have at most {MAX_LENGTH} characters"
_TOO_LARGE = 10**MAX_LENGTH


def check_model_name(name: str) -> str:
    r"""Return `name` if a new model can have it.

    A name is part of an address, so that it has no slash and is not `.` or `..`. People have to be able to
    read it and to type it: it has no control characters, no characters that cannot be seen or that change
    the direction of others, and no separators but plain spaces, inside it. It is in the form NFC of Unicode:
    names are compared as they are, character by character, and of two that look the same one is refused.
    Everything else is the user's affair.

    Models that have other names from before are found by them, as ever.

    Raises `InvalidModelName`.

    >>> check_model_name("healthy-banana")
    'healthy-banana'
    """
    if not name or len(name) > MAX_LENGTH:
        raise InvalidModelName({"name": [f"must have 1 to {MAX_LENGTH} characters"]})
    if "/" in name or name in {".", ".."}:
        raise InvalidModelName({"name": ["must not contain a slash, nor be '.' or '..'"]})
    if name != name.strip() or any(map(_is_unseen, name)):
        raise InvalidModelName({"name": [_UNREADABLE]})
    if not unicodedata.is_normalized("NFC", name):
        raise InvalidModelName({"name": ["must be in Unicode's form NFC (composed characters)"]})
    return name


def _is_unseen(char: str) -> bool:
    # C: control, format (bidi among them), surrogates, private use, unassigned; Z: separators.
    return char != " " and (unicodedata.category(char)[0] in "CZ" or char in _BLANK)


def can_be_stored(name: str) -> bool:
    r"""Say whether a model can have this name at all, from whatever time: databases hold nothing else.

    >>> can_be_stored("healthy-banana"), can_be_stored("a\x00b")
    (True, False)
    """
    return "\x00" not in name and is_well_formed(name)


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
    if isinstance(value, str):
        text = value
    elif abs(value) < _TOO_LARGE:
        text = str(value)
    else:
        # Python refuses to write integers of some thousand digits.
        raise InvalidRequest({"id": [_TOO_LONG]})
    if len(text) > MAX_LENGTH:
        raise InvalidRequest({"id": [_TOO_LONG]})
    if not text.isascii() and not is_well_formed(text):
        raise InvalidRequest({"id": ["must not have half a character"]})
    if "\x00" in text:
        # PostgreSQL's text cannot hold it.
        raise InvalidRequest({"id": ["must not contain a null character"]})
    return text
