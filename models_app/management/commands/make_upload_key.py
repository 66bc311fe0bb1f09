"""`manage.py make_upload_key NAME FILE`: a key that signs uploads."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain import upload_keys
from models_app.management.base import ServiceCommand


class Command(ServiceCommand):
    """Make a key pair: the private key goes to a file, the public one to standard output."""

    help = "Makes a key that signs uploads: the private key goes to FILE, what UPLOAD_KEYS needs is printed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a name and a file."""
        parser.add_argument("name", metavar="NAME", help="who will sign with it")
        parser.add_argument("file", type=Path, metavar="FILE", help="must not exist; only you can read it")

    def serve(self, *, name: str, file: Path, **_options: Any) -> None:
        """Make the key."""
        private = upload_keys.new_key()
        line = f"{name}={upload_keys.public_text(private)}"
        try:
            upload_keys.read_named(line)
        except ValueError:
            raise CommandError("NAME must be a text without commas, equals signs and spaces.") from None
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(private)
        self.stdout.write(line)
