"""Texts of clients and of models, as they may be sent: whole characters, and not too many of them."""

#: Characters of a message, and of a name or a reason in it.
MAX_MESSAGE = 2_000
MAX_PART = 300


def is_well_formed(text: str) -> bool:
    r"""Say whether a text is made of whole characters: UTF-8 can hold it.

    JSON can write one half of a character alone (`"\ud800"`), and Python keeps it.

    >>> is_well_formed("é"), is_well_formed("\ud800")
    (True, False)
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def sendable(text: str, limit: int = MAX_MESSAGE) -> str:
    r"""Return a text that every encoder takes: halves of characters escaped, cut where it is too long.

    >>> sendable("a\ud800"), sendable("abcdef", 3)
    ('a\\ud800', 'abc…')
    """
    if len(text) > limit:
        text = text[:limit] + "…"
    return text if is_well_formed(text) else text.encode("utf-8", "backslashreplace").decode()
