"""`manage.py export_model NAME FILE`: a model's bytes into a file."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from models_app.management.base import ServiceCommand
from models_app.services import exporting


class Command(ServiceCommand):
    """Export a model."""

    help = "Writes a model, as it is now, into a file for pickle.loads or dill.loads."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name and the file."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("file", type=Path, metavar="FILE", help="is replaced if it exists")

    def serve(self, *, name: str, file: Path, **_options: Any) -> None:
        """Write the file. Raises `ModelNotFound`, `ModelNotLoadable`, OSError."""
        data = exporting.export_model(name=name)
        _replace(file, data)
        self.stdout.write(f"Wrote {len(data):,} bytes to {file}.")


def _replace(file: Path, data: bytes) -> None:
    """Put `data` into a file in one step: who reads it meanwhile gets the old bytes or the new ones."""
    temporary = file.parent / f".{file.name}.{secrets.token_hex(4)}"
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        # The user knows nothing of the temporary file.
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        temporary.unlink(missing_ok=True)
