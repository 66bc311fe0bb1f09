"""Which columns of a file are no features, as the options of a command say."""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.paradigms.registry import MEMBERS
from models_app.services.files import Format, Layout


def add_arguments(parser: CommandParser) -> None:
    """Take the columns of ground truths and of what a request has beside features."""
    parser.add_argument("--flat", action="store_true", help="each JSON object is the features themselves")
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="COLUMN",
        help="the ground truth; every other column is a feature. Of several outputs: repeated, one each",
    )
    parser.add_argument(
        "--member",
        action="append",
        default=[],
        type=_member,
        metavar="NAME[=COLUMN]",
        help="a column of what a request has beside features (user, item, arm, observed, t); may be repeated",
    )
    parser.add_argument(
        "--string",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of strings, whatever they look like (postal codes); may be repeated",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column to leave out; may be repeated",
    )


def layout_of(form: Format, options: dict[str, Any], *, id_column: str | None = None) -> Layout:
    """Return where the parts of a record are. Raises CommandError where a column is asked for twice."""
    targets, members = tuple(options["target"]), dict(options["member"])
    strings, ignored = frozenset(options["string"]), frozenset(options["ignore"])
    _check_once("member", [name for name, _ in options["member"]])
    named = [*targets, *members.values(), *([] if id_column is None else [id_column]), *ignored]
    _check_once("column", named)
    return Layout(
        format=form,
        # Any option that names a column says that there are columns.
        is_flat=bool(form is Format.CSV or options["flat"] or named or strings),
        targets=targets,
        id_column=id_column,
        members=members,
        strings=strings,
        ignored=ignored,
    )


def _check_once(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CommandError(f"The {kind} '{name}' is asked for twice.")


def _member(text: str) -> tuple[str, str]:
    """Return a member of requests and its column; raises ArgumentTypeError."""
    name, _, column = text.partition("=")
    if name not in MEMBERS:
        raise ArgumentTypeError(f"there is no member '{name}': it is one of {', '.join(sorted(MEMBERS))}.")
    return name, column or name
