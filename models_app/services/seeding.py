"""Checks that this process hashes as the instance's others do."""

import functools
from typing import Any

from django.conf import settings
from django.core import checks

from models_app.domain import hash_seeds


@functools.cache
def hash_seed_warning() -> str | None:
    """Return what is to be said of a process that folds under another hash seed than the instance's.

    None where it is the instance's, or where the settings name none.
    """
    seed: int | None = settings.HASH_SEED
    if seed is None or hash_seeds.is_in_force(seed):
        return None
    return (
        "This process hashes strings under another seed than the instance's: models that walk sets of "
        "strings may differ after a restart. Start it with `manage.py`, or with PYTHONHASHSEED set to what "
        "the file `hash_seed` in the instance folder has."
    )


def check_hash_seed(*_args: Any, **_options: Any) -> list[checks.CheckMessage]:
    """Report the warning as a system check."""
    warning = hash_seed_warning()
    return [] if warning is None else [checks.Warning(warning, id="models_app.W001")]
