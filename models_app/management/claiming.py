"""One server a database."""

from django.core.management.base import CommandError

from models_app.models.storage.base import AlreadyServed
from models_app.services import runtime


def claim_database() -> None:
    """Become the database's one server; raises CommandError if another process is."""
    try:
        runtime.claim_database()
    except AlreadyServed as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"The database cannot be used: {error.filename}: {error.strerror}.") from error
