"""`manage.py feature_contract MODEL`: print or set what features a model expects, and hold it to that."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from msgspec import UNSET, UnsetType

from models_app.management.base import ServiceCommand
from models_app.services.contracts import changing, reading
from models_app.wire.reading import json_schema

_STRICT: dict[str, bool | None] = {"on": True, "off": False, "default": None}


class Command(ServiceCommand):
    """Print or change the feature contract of a model."""

    help = "Prints the feature contract of a model, as JSON Schema; changes it first where that is asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and what to change."""
        parser.add_argument("model", metavar="MODEL", help="the model's name")
        kept = parser.add_mutually_exclusive_group()
        kept.add_argument("--file", metavar="FILE", help="JSON Schema to set, frozen")
        kept.add_argument("--freeze", action="store_true", help="keep what was seen, whatever comes")
        kept.add_argument("--thaw", action="store_true", help="follow what is seen again")
        parser.add_argument(
            "--strict",
            choices=list(_STRICT),
            help="refuse features that are not so; default: as the setting STRICT_FEATURES says",
        )

    def serve(
        self, *, model: str, file: str | None, freeze: bool, thaw: bool, strict: str | None, **_options: Any
    ) -> None:
        """Change the contract, then print it."""
        if file is not None:
            changing.set_contract(name=model, schema=json_schema(Path(file).read_bytes()))
        is_frozen: bool | UnsetType = freeze if freeze or thaw else UNSET
        is_strict = UNSET if strict is None else _STRICT[strict]
        if is_frozen is not UNSET or is_strict is not UNSET:
            changing.change_contract(name=model, is_frozen=is_frozen, is_strict=is_strict)
        self.stdout.write(json.dumps(reading.document(reading.get_contract(name=model)), indent=2))
