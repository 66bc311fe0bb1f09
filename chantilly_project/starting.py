"""The start of `manage.py`: under the instance's hash seed, whatever the environment says.

The models of an instance are folded by many processes (servers, commands, restarts), which must hash strings
alike: see `models_app.domain.hash_seeds`. Python reads the seed at its start only. A process that has another
is replaced by the same command under the right one: it keeps its id, its signals, its files and its parent.

This runs twice in each start and imports nothing that takes time.
"""

import os
import sys

from models_app.domain import hash_seeds

SEED_FILE = "hash_seed"
OWN_SETTINGS = "chantilly_project.settings"
# The process that was started again: if it still has another seed, to try once more would not end.
_STARTED_AGAIN = "_CHANTILLY_STARTED_AGAIN"
_BASE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def ensure_hash_seed() -> None:
    """Return in a process that has the instance's hash seed; or in this one, where that cannot be.

    What is wrong with the instance folder is left to the configuration, which says it better; a process that
    has another seed in the end is reported by `/readyz`, in the log and by commands.
    """
    was_started_again = os.environ.pop(_STARTED_AGAIN, "") == str(os.getpid())
    try:
        seed = _instance_seed(sys.argv)
    except (OSError, ValueError):
        return
    if seed is not None and not was_started_again and not hash_seeds.is_in_force(seed):
        _start_again(seed)


def read_seed(path: str) -> int:
    """Return the hash seed in a file; raises OSError, and ValueError if it has anything else."""
    with open(path, "rb") as file:
        text = file.read(100).strip()
    if not text.isdigit() or int(text) > hash_seeds.MAX_SEED:
        raise ValueError(f"{path} must have a whole number from 0 to {hash_seeds.MAX_SEED}")
    return int(text)


def _instance_seed(argv: list[str]) -> int | None:
    """Return the instance's seed, drawn where it has none; None where there is no instance."""
    folder = os.path.join(
        _BASE, os.path.expanduser(os.environ.get("INSTANCE_PATH", "").strip() or "instance")
    )
    try:
        return read_seed(os.path.join(folder, SEED_FILE))
    except FileNotFoundError:
        # Other settings (the tests') may have an instance elsewhere: theirs make no folder here.
        if not _has_own_settings(argv) and not os.path.isdir(folder):
            return None
    from pathlib import Path

    from chantilly_project import instance

    path = Path(folder)
    instance.make_folder(path)
    return instance.hash_seed(path)


def _has_own_settings(argv: list[str]) -> bool:
    named = [os.environ.get("DJANGO_SETTINGS_MODULE") or OWN_SETTINGS]
    for argument, following in zip(argv, [*argv[1:], ""], strict=True):
        if argument == "--settings":
            named.append(following)
        elif argument.startswith("--settings="):
            named.append(argument.partition("=")[2])
    return named[-1] == OWN_SETTINGS


def _start_again(seed: int) -> None:
    if not sys.executable or not sys.orig_argv:
        # Embedded in another program: it is not known how it was started.
        return
    environment = dict(os.environ)
    if sys.flags.ignore_environment:
        # `-E` would have the seed ignored, too.
        environment = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    environment |= {hash_seeds.VARIABLE: str(seed), _STARTED_AGAIN: str(os.getpid())}
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        os.execve(  # noqa: S606  # the program is this process's own
            sys.executable, [sys.executable, *_without_seed_options(sys.orig_argv[1:])], environment
        )
    except OSError:
        # Nothing has happened: this process goes on.
        return


def _without_seed_options(arguments: list[str]) -> list[str]:
    """Leave out `-R` and `-E`, which would have the seed ignored, of the options before the program.

    >>> _without_seed_options(["-ER", "-X", "dev", "-uR", "manage.py", "-R"])
    ['-X', 'dev', '-u', 'manage.py', '-R']
    """
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("--check-hash"):
            kept += [argument, next(rest, "")]
            continue
        if not argument.startswith("-") or argument in ("-", "--"):
            return [*kept, argument, *rest]
        # What follows one of these letters is its own argument, or stands in the next place.
        first = next((i for i, letter in enumerate(argument) if letter in "cmWX"), len(argument))
        flags, option = argument[:first].replace("R", "").replace("E", ""), argument[first:]
        if flags + option != "-":
            kept.append(flags + option)
        if option[:1] in ("c", "m"):
            return [*kept, *rest]
        if option in ("W", "X"):
            kept.append(next(rest, ""))
    return kept
