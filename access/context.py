"""What templates know of access."""

from django.conf import settings
from django.http import HttpRequest


def access(_request: HttpRequest) -> dict[str, bool]:
    """Say whether people have to log in, and whether they may by OpenID Connect."""
    return {"auth_required": settings.AUTH_REQUIRED, "has_openid": bool(settings.OIDC_ISSUER)}
