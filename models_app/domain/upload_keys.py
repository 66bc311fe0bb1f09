"""Keys that sign uploads: Ed25519, as RFC 8032 has it.

What is signed is not the bytes alone: whoever has seen a signed upload is not to send it again under another
name. It is a line that says what the signature is for, the name that the model is to have, and the SHA-256 of
the bytes.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PURPOSE = "chantilly upload 1"


def new_key() -> bytes:
    """Return a new private key, in PEM."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_text(private: bytes) -> str:
    """Return the public key of a private one in PEM, in base64; raises `ValueError`.

    >>> len(public_text(new_key()))
    44
    """
    return b64encode(_load(private).public_key().public_bytes_raw()).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """Return a public key from base64; raises `ValueError`."""
    return Ed25519PublicKey.from_public_bytes(_decoded(text))


def read_named(text: str) -> tuple[str, str]:
    """Return the name and the key of `NAME=KEY`, a public one in base64; raises `ValueError`."""
    # Base64 ends with an equals sign itself.
    name, _, key = text.partition("=")
    if not name or not name.isprintable() or any(mark in name for mark in ", "):
        raise ValueError("not a name")
    read_public(key)
    return name, key


def sign(data: bytes, *, name: str | None, private: bytes) -> str:
    """Return the signature of an upload under a name, or under one that is drawn; raises `ValueError`."""
    return b64encode(_load(private).sign(_message(data, name))).decode()


def signer_of(
    signature: str, data: bytes, *, name: str | None, keys: Mapping[str, Ed25519PublicKey]
) -> str | None:
    """Return the name of the key that has signed an upload; None: none of these.

    >>> key = new_key()
    >>> keys = {"ci": read_public(public_text(key))}
    >>> signature = sign(b"model", name="prices", private=key)
    >>> signer_of(signature, b"model", name="prices", keys=keys)
    'ci'
    >>> signer_of(signature, b"model", name="other", keys=keys)
    """
    try:
        signed = _decoded(signature)
    except ValueError:
        return None
    message = _message(data, name)
    return next((owner for owner, key in keys.items() if _has_signed(key, signed, message)), None)


def _has_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _message(data: bytes, name: str | None) -> bytes:
    # Names have no line end, so that no name can be taken for the rest.
    return "\n".join([_PURPOSE, name or "", hashlib.sha256(data).hexdigest()]).encode()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None


def _load(private: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(private, password=None)
    except (TypeError, ValueError):
        raise ValueError("not a private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # a wrong file, not a wrong call
    return key
