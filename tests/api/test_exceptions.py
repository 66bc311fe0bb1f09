import errno
import os

import pytest

from models_app.api import exceptions
from models_app.domain import errors


class TestHandle:
    @pytest.mark.parametrize(
        ("error", "status", "code", "passes"),
        [
            (errors.InvalidRequest("no"), 400, "invalid_request", False),
            (errors.ModelNotFound("m"), 404, "model_not_found", False),
            (errors.ModelNotLoadable("no"), 503, "model_not_loadable", False),
            (errors.ModelBusy("m", 30), 503, "model_busy", True),
            (errors.ServerStopping(), 503, "server_stopping", True),
            (errors.StorageUnavailable("full"), 503, "storage_unavailable", True),
            (errors.TooManyStreams("no"), 503, "too_many_streams", True),
            (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), 503, "storage_unavailable", True),
            (OSError(errno.ENFILE, os.strerror(errno.ENFILE)), 503, "storage_unavailable", True),
            (OSError(errno.EIO, os.strerror(errno.EIO)), 500, "internal_error", False),
            (KeyError("x"), 500, "internal_error", False),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_gives_each_refusal_its_status_and_says_whether_it_passes(
        self, error: Exception, status: int, code: str, *, passes: bool
    ) -> None:
        answer = exceptions.handle(error, {})

        assert answer.status_code == status
        assert answer["Error-Code"] == code
        assert answer.has_header("Retry-After") == passes
