"""`manage.py resign_models`: sign with the newest secret key what an older one has signed."""

from typing import Any

from django.core.management.base import CommandError

from models_app.management.base import ServiceCommand
from models_app.services import resigning

_SHOWN = 10


class Command(ServiceCommand):
    """Sign again."""

    help = "Signs with SECRET_KEY what was signed with one of SECRET_KEY_FALLBACKS: these can go then."

    def serve(self, **_options: Any) -> None:
        """Sign, and say how many; raises CommandError where something is of no key."""
        done = resigning.resign_models()
        self.stdout.write(f"Signed {done.n_made:,} again; {done.n_kept:,} had the newest signature.")
        if done.unknown:
            more = "; ..." if len(done.unknown) > _SHOWN else ""
            raise CommandError(
                f"Signed by no key of SECRET_KEY and SECRET_KEY_FALLBACKS, and left as they are: "
                f"{'; '.join(done.unknown[:_SHOWN])}{more}"
            )
