"""The scopes: what somebody may do."""

from typing import Final

#: Ask models; an id keeps the features.
PREDICT: Final = "predict"
#: Have models learn.
LEARN: Final = "learn"
#: Look: models, metrics, events, pages.
READ: Final = "read"
#: Upload, download, delete; begin anew.
MANAGE: Final = "manage"
#: All, in the order in which they are listed.
SCOPES: Final = (PREDICT, LEARN, READ, MANAGE)
