"""The values of the settings: how they are found.

A value comes from the environment, else from `config.py` in the instance folder, else it is the
default. Pure Python: it runs before Django does.
"""

import difflib
import re
import runpy
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chantilly_project import instance
from chantilly_project.setting_table import BY_NAME, SETTINGS, Setting

CONFIG_FILE = "config.py"


class ConfigurationError(Exception):
    """A setting has a value that cannot be used; the text names it, its source and what is allowed."""


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
_PREFIXES = ("ACCOUNT_", "CHANNEL_", "DAPHNE_", "EVENTSTREAM_", "SOCIALACCOUNT_", "WHITENOISE_")
# What no error message may show.
_SECRET = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALERT_WEBHOOK_SECRET", "OIDC_CLIENT_SECRET"}
# What no default of the table can say.
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
