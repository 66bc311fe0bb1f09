"""Built sites: folders of files, shown as they are."""

import base64
import hashlib
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils._os import safe_join
from django.views.decorators.http import require_safe

from web.middleware import POLICY

_INLINE = re.compile(rb"<script(?![^>]*\s(?:src|type)=)[^>]*>(.*?)</script>", re.DOTALL)


def shown(folder: Callable[[], Path], *, missing: str) -> Callable[[HttpRequest, str], HttpResponse]:
    """Return a view of the files in a folder, by their path; `missing` is said where it has not been built.

    The scripts that stand within a page run, by their hashes; others run from files of this server only.
    """

    @require_safe
    def show(_request: HttpRequest, path: str) -> HttpResponse:
        root = folder()
        if not root.is_dir():
            raise Http404(missing)
        file = _found(root, path)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        of_text = "; charset=utf-8" if kind.startswith("text/") else ""
        response = HttpResponse(file.read_bytes(), content_type=kind + of_text)
        if kind == "text/html":
            response["Content-Security-Policy"] = policy_for(response.content)
        return response

    return show


def policy_for(page: bytes) -> str:
    """Return a content security policy under which the scripts that stand within a page run.

    >>> policy_for(b"<script>let a</script><script src='b.js'></script>").partition(";")[0]
    "script-src 'self' 'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE='"
    """
    hashes = dict.fromkeys(_hashed(script) for script in _INLINE.findall(page))
    return f"script-src {' '.join((repr('self'), *hashes))}; worker-src 'self' blob:; {POLICY}"


def _hashed(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


def _found(root: Path, path: str) -> Path:
    try:
        file = Path(safe_join(root, path))
    except (SuspiciousFileOperation, ValueError):
        raise Http404 from None
    if path.endswith("/") or not path:
        file /= "index.html"
    if not file.is_file():
        raise Http404
    return file
