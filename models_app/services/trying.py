"""Uploads are tried in a process of their own before they are served."""

from django.conf import settings

from models_app.paradigms.trials import TrialResult
from models_app.services import hooks
from models_app.services.trials.client import helper
from models_app.services.trials.limits import Limits

hooks.shutdown.add(helper.stop)


def try_upload(data: bytes, flavor: str, *, is_read_only: bool = False) -> TrialResult:
    """Unpickle and try an upload where it can do no harm; return how it predicts, and what there is to know.

    `flavor` is a flavor's name, or `guessing.AUTO`; `is_read_only`: it need not learn.
    Raises `ModelNotReadable`, `ModelNotSuitable`, `ServerStopping`, `UploadsBusy`.
    """
    limits = Limits(seconds=settings.UPLOAD_SECONDS, memory_bytes=settings.UPLOAD_MEMORY)
    return helper.run(data, flavor, limits, is_read_only=is_read_only)
