"""What templates know of access."""

from django.conf import settings
from django.http import HttpRequest


def access(_request: HttpRequest) -> dict[str, bool]:
    """Say whether people have to log in."""
    return {"auth_required": settings.AUTH_REQUIRED}
