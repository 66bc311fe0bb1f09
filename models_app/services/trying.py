"""Uploads are tried in a process of their own before they are served."""

import ipaddress
from pathlib import Path

from django.conf import settings

from models_app.domain.uploads import Taken
from models_app.paradigms.trials import TrialResult
from models_app.services import hooks
from models_app.services.trials.client import helper
from models_app.services.trials.isolation import missing
from models_app.services.trials.limits import Limits

hooks.shutdown.add(helper.stop)
_DATABASE = str(settings.DATABASES["default"]["NAME"])
helper.hide(settings.INSTANCE_PATH, *(Path(_DATABASE + end) for end in ("", "-wal", "-shm", "-journal")))


def taken() -> Taken:
    """Return what uploads may be: what MODEL_UPLOADS says, or else it depends on who reaches the server."""
    if settings.MODEL_UPLOADS:
        return Taken(settings.MODEL_UPLOADS)
    return Taken.ANY if is_loopback(settings.HOST) else Taken.RIVER


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on is for programs of this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def warnings() -> list[str]:
    """Return what is to be seen to: who may run code here, and what the system cannot keep it away from."""
    return [warning for warning in (_exposure(), missing()) if warning is not None]


def _exposure() -> str | None:
    if taken() is not Taken.ANY or is_loopback(settings.HOST):
        return None
    return (
        f"MODEL_UPLOADS=any, and the server listens on {settings.HOST}: whoever may upload a model can run "
        "any code on it. MODEL_UPLOADS=river takes River's own objects."
    )


def try_upload(
    data: bytes, flavor: str, *, is_read_only: bool = False, is_spec: bool = False, is_drawn: bool = False
) -> TrialResult:
    """Unpickle and try an upload where it can do no harm; return how it predicts, and what there is to know.

    `flavor` is a flavor's name, or `guessing.AUTO`; `is_read_only`: it need not learn; `is_spec`: it is a
    specification, and is built; `is_drawn`: what it looks like is to be among what there is to know.
    Raises `InvalidSpec`, `ModelNotAllowed`, `ModelNotReadable`, `ModelNotSuitable`, `ServerStopping`,
    `UploadsBusy`.
    """
    limits = Limits(seconds=settings.UPLOAD_SECONDS, memory_bytes=settings.UPLOAD_MEMORY)
    return helper.run(
        data,
        flavor,
        limits,
        is_read_only=is_read_only,
        taken=taken(),
        is_spec=is_spec,
        is_drawn=is_drawn,
    )
