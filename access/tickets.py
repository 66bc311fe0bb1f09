"""Tickets: a token's stand-in for a minute, for clients that cannot set headers.

A ticket is signed with the secret key, so that every process takes it. It names a token, and holds no longer
than that.
"""

from django.core import signing

SECONDS = 60
_SALT = "access.ticket"
#: Where nobody is asked who they are.
NOBODY = 0


def make(token_pk: int) -> str:
    """Return a ticket for the token with that primary key."""
    return signing.dumps(token_pk, salt=_SALT)


def read(ticket: str) -> int | None:
    """Return the primary key of the token that a ticket is for; None: it is none, or too old."""
    try:
        found = signing.loads(ticket, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return found if isinstance(found, int) else None
