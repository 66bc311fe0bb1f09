"""The project's settings for the tests: in an instance folder of their own, whatever the environment says."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from chantilly_project.setting_table import SETTINGS
from tests import postgresql

_folder = Path(tempfile.mkdtemp(prefix="chantilly-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
for _setting in SETTINGS:
    os.environ.pop(_setting.name, None)
os.environ["INSTANCE_PATH"] = str(_folder)
_URL = postgresql.url_of_process()
if _URL is not None:
    os.environ["DATABASE_URL"] = _URL

from chantilly_project.settings import *  # noqa: E402, F403
from chantilly_project.settings import ALLOWED_HOSTS, DATABASES  # noqa: E402

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]
# The tests' process has whatever seed it has.
HASH_SEED = None
# A file as in production: the engine's threads share no database in memory.
if _URL is None:
    DATABASES["default"]["TEST"] = {"NAME": _folder / "test.sqlite3"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
