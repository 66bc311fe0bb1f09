"""Names of models like one that no model has: what a client may have meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from models_app.domain.names import MAX_LENGTH

_MOST = 3


def nearest(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that somebody may have meant, the likeliest first; at most three.

    >>> nearest("Hause", ["house", "mouse", "boat"])
    ('house', 'mouse')
    >>> nearest("h" * 1_000_000, ["house"])
    ()
    """
    if len(name) > MAX_LENGTH:
        # Nobody has typed it, and to compare would take long.
        return ()
    by_folded = {each.casefold(): each for each in names}
    return tuple(by_folded[each] for each in get_close_matches(name.casefold(), by_folded, n=_MOST))


def question(names: Sequence[str]) -> str:
    """Return what follows the sentence that there is no such model; nothing where there are no names.

    >>> question(["house", "mouse"]), question([])
    (" Is it 'house' or 'mouse'?", '')
    """
    return f" Is it {' or '.join(map(repr, names))}?" if names else ""
