"""Signing again what was signed with a key that is to go."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from models_app.domain.errors import ModelNotLoadable
from models_app.journal.keeping import Sealed
from models_app.models import Snapshot
from models_app.models.signing import signed_anew
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import folding, hooks
from models_app.services.auditing import Tally


@dataclass(slots=True)
class Resigned:
    """How many signatures are the newest key's already, how many were made anew, and which are of no key."""

    n_kept: int = 0
    n_made: int = 0
    unknown: list[str] = field(default_factory=list)


def resign_models() -> Resigned:
    """Sign with SECRET_KEY what was signed with one of SECRET_KEY_FALLBACKS, or bound to less than now.

    That is models, metrics and what detects drift; a server may run meanwhile. Each signature is durable by
    itself. What is of no key that is known stays as it is. Raises `StorageUnavailable`.
    """
    resigned, tally = Resigned(), Tally(action="resign_models")
    for source in (_snapshots, folding.sealed, *hooks.sealed):
        with translated_errors():
            for sealed in source():
                _resign(sealed, resigned, tally)
    resigned.n_made = tally.n
    return resigned


def _resign(sealed: Sealed, resigned: Resigned, tally: Tally) -> None:
    try:
        new = sealed.sign()
    except ModelNotLoadable:
        resigned.unknown.append(sealed.what)
        return
    if new == sealed.signature:
        resigned.n_kept += 1
        return
    with write_transaction():
        tally.count(sealed.replace(new))


def _snapshots() -> Iterator[Sealed]:
    for key in list(Snapshot.objects.order_by("pk").values_list("pk", flat=True)):
        # One at a time: they are large. It may be gone by now.
        for snapshot in Snapshot.objects.select_related("model").filter(pk=key):
            yield _sealed(snapshot)


def _sealed(snapshot: Snapshot) -> Sealed:
    rows = Snapshot.objects.filter(pk=snapshot.pk, signature=snapshot.signature)
    return Sealed(
        what=f"'{snapshot.model.name}' at learn {snapshot.seq} of generation {snapshot.generation}",
        signature=snapshot.signature,
        sign=lambda: signed_anew(snapshot),
        replace=lambda new: rows.update(signature=new),
    )
