"""Which uploads have to be signed, and by whom they are."""

from django.conf import settings

from models_app.domain import upload_keys
from models_app.domain.errors import UploadNotSigned

HEADER = "Model-Signature"
REQUIRED = "required"


def check_signature(signature: str | None, data: bytes, *, name: str | None) -> str | None:
    """Return the name of the key that has signed an upload; None: it is not signed, and need not be.

    Raises `UploadNotSigned`, also for a signature that is of none of UPLOAD_KEYS where none is asked for: who
    sends one relies on it.
    """
    if signature is None:
        if settings.UPLOAD_SIGNATURES == REQUIRED:
            raise UploadNotSigned(
                f"Uploads have to be signed: send {HEADER}, as `python manage.py sign_model` makes it."
            )
        return None
    keys = {owner: upload_keys.read_public(text) for owner, text in settings.UPLOAD_KEYS.items()}
    signer = upload_keys.signer_of(signature, data, name=name, keys=keys)
    if signer is None:
        what = "without a name" if name is None else f"under the name '{name}'"
        raise UploadNotSigned(
            f"{HEADER} is not the signature of these bytes {what} by one of UPLOAD_KEYS"
            f"{' (there are none)' if not keys else ''}."
        )
    return signer
