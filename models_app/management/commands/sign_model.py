"""`manage.py sign_model FILE --key KEY`: the signature of an upload."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain import upload_keys
from models_app.management.base import ServiceCommand
from models_app.services.signed_uploads import HEADER


class Command(ServiceCommand):
    """Print the signature of a file, for one name."""

    help = f"Prints what the header {HEADER} needs to upload a file under a name."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, the key and the name."""
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="the bytes that will be uploaded, as they are"
        )
        parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="from make_upload_key")
        parser.add_argument("--name", help="under which it will be uploaded; without: one that is drawn")

    def serve(self, *, file: Path, key: Path, name: str | None, **_options: Any) -> None:
        """Sign it."""
        try:
            signature = upload_keys.sign(file.read_bytes(), name=name, private=key.read_bytes())
        except ValueError as error:
            raise CommandError(f"{key}: {error}") from None
        self.stdout.write(signature)
