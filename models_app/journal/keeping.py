"""The state of a follower of the journal at a place: kept as bytes, signed with that place.

The bytes are to be written in one transaction with the place: nothing is followed twice, or left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models_app.domain import blobs
from models_app.models.signing import signer


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something that is stored with a signature; `what` names it.

    `sign` returns its signature by the newest key, and raises `ModelNotLoadable` if it has none that holds;
    `replace` writes it, within a transaction, unless another was written meanwhile, and returns how many.
    """

    what: str
    signature: str
    sign: Callable[[], str]
    replace: Callable[[str], int]


def seal(made: object, context: str) -> tuple[bytes, str]:
    """Return what was made as bytes, and their signature; `context` says of what, and up to where."""
    data = blobs.dumps(made)
    return data, signer().sign(context, data)


def unseal(data: bytes, signature: str, context: str) -> Any:
    """Undo `seal`; raises `ModelNotLoadable` where the bytes are not those that were signed."""
    signer().check(context, signature, data)
    return blobs.loads(data)


def sealed_anew(data: bytes, signature: str, context: str) -> str:
    """Return the signature by the newest key; raises `ModelNotLoadable` where none holds."""
    signer().check(context, signature, data)
    return signer().sign(context, data)
