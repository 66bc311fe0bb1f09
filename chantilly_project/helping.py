"""The command line: this project's commands come first, and each has an example."""

import re
from functools import partial
from textwrap import shorten
from typing import Any

from django.core.management import ManagementUtility, get_commands, load_command_class
from django.core.management.base import BaseCommand

#: The packages whose commands are this project's.
OWN = ("access", "models_app", "monitoring")
_PYTHON = "python manage.py"
_ABOUT_WIDTH = 100
#: What to type after `python manage.py COMMAND`, as the instance of a tutorial would take it.
EXAMPLES = {
    "add_model": "model.pkl --name approval --flavor auto",
    "backup": "backups/today.chantilly",
    "changepassword": "ada",
    "copy_instance": "sqlite:///instance/chantilly.sqlite3 postgresql://chantilly@localhost/chantilly",
    "create_token": "reader --scope read --expires 30d",
    "createsuperuser": "--username ada",
    "delete_model": "approval",
    "evaluate_policy": "banner epsilon.json",
    "end_shards": "",
    "export_model": "approval approval.pkl",
    "feature_contract": "approval --freeze",
    "forget": "approval --id 42 --dry-run",
    "init": "binary --no-input",
    "keep_features": "approval hashed",
    "learn": "records.csv --model approval",
    "list_models": "--json",
    "list_tokens": "",
    "make_upload_key": "ada ada.key",
    "predict": "records.csv --model approval --output predictions.ndjson",
    "prune_predictions": "--older-than 30d",
    "release": "approval",
    "replay": "approval --generation 1",
    "resign_models": "",
    "restore": "backups/today.chantilly",
    "revoke_token": "reader",
    "reward_missing": "--model banner --after 1h --reward 0",
    "roll_back": "approval --seq 2000",
    "routes": "",
    "runserver": "",
    "serve": "--port 8000",
    "setup": "",
    "shard": "--number 0 --of 2 --folder sockets",
    "sign_model": "model.pkl --key ada.key --name approval",
    "snapshot_models": "",
    "sweep_snapshots": "",
    "test_webhook": "",
    "verify_journal": "",
    "watch_drift": "approval --detector ADWIN",
}


def own_commands() -> dict[str, str]:
    """Return the names of the project's commands, sorted, each with its package."""
    found = {name: app if isinstance(app, str) else app.__module__ for name, app in get_commands().items()}
    return {name: app for name, app in sorted(found.items()) if app.partition(".")[0] in OWN}


def example_of(name: str) -> str:
    """Return a line that calls a command."""
    return f"{_PYTHON} {name} {EXAMPLES[name]}".rstrip()


class CommandLine(ManagementUtility):
    """Django's command line, which says what is this project's, and how it is called."""

    def main_help_text(self, commands_only: bool = False) -> str:
        """Return what `help` prints; with `commands_only` the names alone, for a shell to complete."""
        if commands_only:
            return super().main_help_text(commands_only=True)
        own = own_commands()
        width = max(map(len, own))
        lines = [f"  {name:<{width}}  {_about(app, name)}" for name, app in own.items()]
        others = sorted(set(get_commands()) - set(own))
        return "\n".join(
            [
                f"{_PYTHON} COMMAND --help lists the options of a command, with an example.",
                "",
                "Commands:",
                *lines,
                "",
                "Those of Django and of other packages:",
                *_wrapped(others),
            ]
        )

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return a command; the help of this project's ends with an example."""
        command = super().fetch_command(subcommand)
        if subcommand in EXAMPLES and command.__module__.partition(".")[0] in OWN:
            with_example: Any = partial(command.create_parser, epilog=f"Example: {example_of(subcommand)}")
            command.create_parser = with_example  # type: ignore[method-assign]
        return command


def _about(app: str, name: str) -> str:
    """Return how what a command says of itself begins."""
    text = " ".join(str(load_command_class(app, name).help).split())
    return shorten(re.split(r"[.:;] |\.$", text)[0], _ABOUT_WIDTH, placeholder=" …")


def _wrapped(names: list[str], width: int = 78) -> list[str]:
    lines = [" "]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > width:
            lines.append(" ")
        lines[-1] += f" {name}"
    return lines
