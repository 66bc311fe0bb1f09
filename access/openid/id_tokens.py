"""Id tokens, checked as OpenID Connect Core 1.0 has it, section 3.1.3.7.

The signature is checked, too, though the token comes from the provider itself: else all would rest on TLS.
"""

import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

# Those with a public key: with the client's secret for a key, who knows that could make some up.
_ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
# Clocks differ.
_LEEWAY_SECONDS = 60
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


def read(token: str, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """Return what a token says; `keys` are the provider's, a JWK set. Raises `OAuth2Error`."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key_of(token, keys),
            algorithms=_ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise OAuth2Error(f"the id token is not valid: {error}") from error
    audience = claims["aud"]
    if claims.get("azp", client_id) != client_id or (isinstance(audience, list) and len(audience) > 1):
        raise OAuth2Error("the id token is for somebody else, too")
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise OAuth2Error("the id token is of another log-in: its nonce is not the one that was sent")
    return claims


def _key_of(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    name = jwt.get_unverified_header(token).get("kid")
    found = jwt.PyJWKSet.from_dict(dict(keys)).keys
    named = [key for key in found if key.key_id == name] if name is not None else found
    if len(named) != 1:
        raise jwt.InvalidTokenError(f"its key {name!r} is not one of the provider's")
    return named[0]
