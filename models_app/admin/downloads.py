"""Pickles on their way to a browser."""

import io
import re
import zipfile
from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.http import content_disposition_header

_ODD = re.compile(r"[^\w\-. ()]")


def pickle_response(name: str, data: bytes) -> HttpResponse:
    """Answer with one pickle as a file."""
    return _attachment(f"{file_name(name)}.pickle", data, "application/octet-stream")


def zip_response(data_by_name: Mapping[str, bytes]) -> HttpResponse:
    """Answer with an archive of pickles."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer:
        for name, data in data_by_name.items():
            writer.writestr(f"{file_name(name)}.pickle", data)
    return _attachment("models.zip", archive.getvalue(), "application/zip")


def file_name(name: str) -> str:
    """Return a model's name with what a file system may not take written as in an address.

    Two names never become one.

    >>> file_name("a:b"), file_name("100%"), file_name("crème brûlée")
    ('a%3Ab', '100%25', 'crème brûlée')
    """
    return _ODD.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), name)


def _attachment(name: str, data: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    disposition = content_disposition_header(as_attachment=True, filename=name)
    if disposition is not None:
        response["Content-Disposition"] = disposition
    return response
