"""The project's settings: one table, and how their values are found.

A value comes from the environment, else from `config.py` in the instance folder, else it is the
default. Pure Python: it runs before Django does. `python -m chantilly_project.configuration` prints
the table for the documents.
"""

import difflib
import re
import runpy
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chantilly_project import instance, parsing
from chantilly_project.parsing import Parser

CONFIG_FILE = "config.py"


class ConfigurationError(Exception):
    """A setting has a value that cannot be used; the text names it, its source and what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. The default is written as in the environment."""

    name: str
    default: str
    parser: Parser
    meaning: str
    default_in_words: str = ""


SETTINGS = (
    Setting(
        "INSTANCE_PATH",
        "instance",
        parsing.text(allowed="a folder, relative to the project's folder or absolute"),
        "Folder of the database, the secret key and `config.py`; made where it is missing. Environment only.",
    ),
    Setting(
        "SECRET_KEY",
        "",
        parsing.text(at_least=32, allowed="a text of at least 32 characters"),
        "Signs sessions and the models' bytes: with another key neither is accepted.",
        "drawn once, kept in the file `secret_key`",
    ),
    Setting(
        "ALLOWED_HOSTS",
        "localhost,.localhost,127.0.0.1,[::1]",
        parsing.hosts,
        "Names under which clients may reach the server (the `Host` header).",
    ),
    Setting("DEBUG", "off", parsing.boolean, "Django's pages for developers. Never on a reachable server."),
    Setting(
        "DATABASE_URL",
        "sqlite:///chantilly.sqlite3",
        parsing.sqlite_url,
        "The database.",
    ),
    Setting(
        "DATABASE_TIMEOUT",
        "5",
        parsing.seconds(0, 3600),
        "How long a write waits for a database that another process has locked, in seconds.",
    ),
    Setting(
        "SQLITE_SYNCHRONOUS",
        "FULL",
        parsing.choice("FULL", "NORMAL", "EXTRA"),
        "When SQLite waits for the disk. With `NORMAL` the last answers may be lost in a power cut.",
    ),
    Setting(
        "REDIS_URL",
        "",
        parsing.redis_url,
        "Redis for Django's cache and sessions (needs the package `redis`).",
        "none",
    ),
    Setting(
        "HOST",
        "127.0.0.1",
        parsing.text(allowed="an address or a host name"),
        "Address on which `serve` and `runserver` listen.",
    ),
    Setting("PORT", "5000", parsing.whole(0, 65535), "Port on which they listen; 0 draws a free one."),
    Setting(
        "TRUSTED_ORIGINS",
        "",
        parsing.origins,
        "Other sites whose pages may send requests that change something.",
        "none",
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        parsing.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "The least severe messages that are logged.",
    ),
    Setting(
        "LOG_FORMAT",
        "TEXT",
        parsing.choice("TEXT", "JSON"),
        "`JSON`: an object a line, and a line for each request.",
    ),
    Setting("ENGINE_THREADS", "8", parsing.whole(1, 256), "Threads that work on the models."),
    Setting(
        "ENGINE_BATCH_SIZE",
        "512",
        parsing.whole(1, 1_000_000),
        "Requests to one model that are committed together, at most.",
    ),
    Setting(
        "ENGINE_TURN_SECONDS",
        "0.02",
        parsing.seconds(0, 60),
        "Time after which a thread commits what it did for one model and turns to the next, in seconds. "
        "Five times as long where only records of streams and arrays are served.",
    ),
    Setting(
        "MODEL_SECONDS",
        "30",
        parsing.seconds(0.1, 86_400),
        "Time after which whoever waits for a model that does not come back from its own code is refused, in "
        "seconds; ten times as long where it is loaded or pickled.",
    ),
    Setting("HOT_MODELS_MAX", "5000", parsing.whole(1, 10_000_000), "Models kept in memory, at most."),
    Setting("HOT_MODELS_MAX_BYTES", "1G", parsing.size, "Bytes of the models kept in memory, at most."),
    Setting(
        "SNAPSHOT_COST_RATIO",
        "10",
        parsing.number(0, 1_000_000),
        "A snapshot is taken when a replay would take this many times longer than it.",
    ),
    Setting(
        "SNAPSHOT_MIN_SECONDS",
        "1",
        parsing.seconds(0, 86_400),
        "Learning time below which no snapshot is taken, in seconds.",
    ),
    Setting("SNAPSHOTS_KEPT", "5", parsing.whole(1, 1000), "Snapshots kept of each model."),
    Setting("MAX_BODY_BYTES", "16M", parsing.size, "Largest JSON body."),
    Setting("MAX_MODEL_BYTES", "512M", parsing.size, "Largest upload of a model."),
    Setting("MAX_HEAD_BYTES", "64K", parsing.size, "Largest head of a request: its line and header lines."),
    Setting("MAX_HEADER_LINES", "100", parsing.whole(1, 10_000), "Header lines of a request, at most."),
    Setting("MAX_URL_BYTES", "16K", parsing.size, "Longest address of a request, with its query."),
    Setting(
        "HEAD_SECONDS",
        "20",
        parsing.seconds(0.1, 3600),
        "Time for a request's head to come, in seconds.",
    ),
    Setting(
        "BODY_SECONDS",
        "60",
        parsing.seconds(0.1, 3600),
        "Time without a byte after which a body is given up, in seconds; one that comes slowly is not.",
    ),
    Setting(
        "IDLE_SECONDS",
        "75",
        parsing.seconds(0.1, 86_400),
        "Time without a request after which a connection is closed, in seconds.",
    ),
    Setting(
        "REST_SECONDS",
        "3600",
        parsing.seconds(0.1, 604_800),
        "The same for `/api/stream` and `/ws/stream`, where records may be far apart, in seconds.",
    ),
    Setting(
        "CONNECTIONS_MAX",
        "2000",
        parsing.whole(1, 1_000_000),
        "Connections open at a time, at most; fewer where the system allows the process fewer open files.",
    ),
    Setting(
        "STREAMS_MAX",
        "1000",
        parsing.whole(1, 1_000_000),
        "Event streams open at a time, at most, and as many WebSockets.",
    ),
    Setting(
        "STREAMS_MAX_PER_CLIENT",
        "200",
        parsing.whole(1, 1_000_000),
        "The same of one address. A proxy must say in `X-Forwarded-For` whom it speaks for.",
    ),
    Setting(
        "UPLOAD_SECONDS",
        "30",
        parsing.seconds(1, 3600),
        "What unpickling an upload may take, in a process of its own, in seconds.",
    ),
    Setting("UPLOAD_MEMORY", "4G", parsing.size, "Memory that this process may take, beside River's."),
    Setting(
        "STREAM_BACKLOG",
        "1000",
        parsing.whole(1, 1_000_000),
        "Events kept for the listeners of a stream that reconnect.",
    ),
    Setting(
        "STREAM_SEND_SECONDS",
        "30",
        parsing.seconds(0.1, 3600),
        "Time after which a client that does not read its answer is cut off, in seconds.",
    ),
    Setting(
        "METRICS_MAX_MODELS",
        "500",
        parsing.whole(1, 1_000_000),
        "Models that `/metrics` tells of, at most: those used last.",
    ),
    Setting(
        "ALERT_WEBHOOK_URL",
        "",
        parsing.webhook_url,
        "Where drift alerts are posted to.",
        "none",
    ),
    Setting(
        "ALERT_WEBHOOK_SECRET",
        "",
        parsing.webhook_secret,
        "Signs what is posted there; needed with `ALERT_WEBHOOK_URL`.",
        "none",
    ),
    Setting(
        "ALERT_WEBHOOK_ALLOW_PRIVATE",
        "off",
        parsing.boolean,
        "Whether that may be an address of the own machine or network.",
    ),
    Setting(
        "SHUTDOWN_SECONDS",
        "8",
        parsing.seconds(1, 3600),
        "Time that a stop may take to finish what was accepted and to snapshot the models, in seconds.",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`own`: a value for every setting of the table; `django`: what else `config.py` sets.

    `hash_seed`: the seed under which every process of the instance hashes strings.
    """

    own: Mapping[str, object]
    django: Mapping[str, object]
    hash_seed: int


def load(environ: Mapping[str, str], base: Path) -> Configuration:
    """Find the value of every setting; a variable that is set but empty counts as not set.

    Makes the instance folder (relative paths start from `base`), the secret key and the hash seed where
    they are missing. Raises ConfigurationError.
    """
    folder = _instance_folder(environ, base)
    file = folder / CONFIG_FILE
    configured = _run_config(file, folder)
    given = {name: value for name, value in configured.items() if name in BY_NAME}
    own = {
        setting.name: _value(setting, environ, given, file)
        for setting in SETTINGS
        if setting.name not in _MADE
    }
    own["INSTANCE_PATH"] = folder
    own["SECRET_KEY"] = _secret_key(folder, environ, given, file)
    rest = {name: value for name, value in configured.items() if name not in BY_NAME}
    return Configuration(own=own, django=rest, hash_seed=_hash_seed(folder))


# What `settings.py` sets beside the table and Django's own.
_PROJECTS = {"ASGI_APPLICATION", "REST_FRAMEWORK", "SPECTACULAR_SETTINGS"}
# In `config.py`: a list of names that libraries read which the project does not know.
_OTHERS = "OTHER_SETTINGS"
# Settings of the libraries that the project runs.
_PREFIXES = ("CHANNEL_", "DAPHNE_", "EVENTSTREAM_", "WHITENOISE_")
# What no error message may show.
_SECRET = {"SECRET_KEY", "ALERT_WEBHOOK_SECRET"}
# What no default of the table can tell.
_MADE = {"INSTANCE_PATH", "SECRET_KEY"}


def _value(setting: Setting, environ: Mapping[str, str], given: Mapping[str, object], file: Path) -> object:
    if environ.get(setting.name):
        return _parse(setting, environ[setting.name], "the environment")
    if setting.name in given:
        return _parse(setting, given[setting.name], str(file))
    return setting.parser.read(setting.default)


def _parse(setting: Setting, value: object, source: str) -> object:
    try:
        return setting.parser.read(value)
    except ValueError:
        raise ConfigurationError(
            f"{setting.name} has the value {_shown(setting, value)} (from {source}); "
            f"allowed: {setting.parser.allowed}."
        ) from None


def _shown(setting: Setting, value: object) -> str:
    """The value for an error message, without what is secret in it."""
    if setting.name in _SECRET:
        return "(not shown)"
    return re.sub(r"(://[^/@\s]*:)[^/@\s]*@", r"\1***@", repr(value))


def _instance_folder(environ: Mapping[str, str], base: Path) -> Path:
    setting = BY_NAME["INSTANCE_PATH"]
    written = str(_value(setting, environ, {}, base))
    folder = (base / Path(written).expanduser()).resolve()
    try:
        instance.make_folder(folder)
    except OSError as error:
        raise ConfigurationError(f"INSTANCE_PATH: {folder} cannot be made ({error.strerror}).") from error
    return folder


def _secret_key(folder: Path, environ: Mapping[str, str], given: Mapping[str, object], file: Path) -> object:
    setting = BY_NAME["SECRET_KEY"]
    if environ.get(setting.name) or setting.name in given:
        return _value(setting, environ, given, file)
    try:
        key = instance.secret_key(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"SECRET_KEY cannot be kept in the instance folder: {error}.") from error
    return _parse(setting, key, str(folder / instance.KEY_FILE))


def _hash_seed(folder: Path) -> int:
    try:
        return instance.hash_seed(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The hash seed cannot be kept in the instance folder: {error}.") from error


def _run_config(file: Path, folder: Path) -> dict[str, object]:
    """Run `config.py`, with INSTANCE_PATH in its names, and give its upper-case names."""
    if not file.exists():
        return {}
    try:
        names = runpy.run_path(str(file), init_globals={"INSTANCE_PATH": folder})
    except Exception as error:
        raise ConfigurationError(f"{_place(file, error)}: {type(error).__name__}: {error}") from error
    if names["INSTANCE_PATH"] != folder:
        raise ConfigurationError(f"INSTANCE_PATH cannot be set in {file}: it says where that file is.")
    if "HASH_SEED" in names:
        raise ConfigurationError(f"HASH_SEED cannot be set in {file}: the file `hash_seed` beside it has it.")
    found: dict[str, Any] = {name: value for name, value in names.items() if _is_setting(name)}
    others = found.pop(_OTHERS, ())
    for name in found:
        if name not in others:
            _refuse_unknown(name, file)
    return found


def _is_setting(name: str) -> bool:
    """Say whether a name of `config.py` means a setting; what is lower case or begins with `_` is its own."""
    return name.isupper() and not name.startswith("_") and name != "INSTANCE_PATH"


def _refuse_unknown(name: str, file: Path) -> None:
    """Raise ConfigurationError for a name that neither this project nor Django nor a library of it reads."""
    if name in BY_NAME or name in _PROJECTS or name.startswith(_PREFIXES):
        return
    # Some 30 ms, and only who sets such a name pays for them.
    from django.conf import global_settings

    known = {*BY_NAME, *_PROJECTS, *filter(str.isupper, dir(global_settings))}
    if name in known:
        return
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    meant = f"Did you mean {nearest[0]}? " if nearest else ""
    raise ConfigurationError(
        f"{name} in {file} is no setting. {meant}A name of your own may be in lower case or begin with "
        f"`_` (`from x import {name} as _{name}`); what another library reads is named in {_OTHERS}, a list."
    )


def _place(file: Path, error: Exception) -> str:
    """The file, and the line of it at which the error rose, where there is one."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    return f"{file}, line {lines[-1]}" if lines else str(file)


def markdown_table() -> str:
    """The table of all settings in Markdown, as the documents show it between their `settings` markers."""
    rows = ["| setting | default | meaning | allowed |", "|---|---|---|---|"]
    rows += [
        f"| `{setting.name}` | {setting.default_in_words or f'`{setting.default}`'} | {setting.meaning} "
        f"| {setting.parser.allowed} |"
        for setting in SETTINGS
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
