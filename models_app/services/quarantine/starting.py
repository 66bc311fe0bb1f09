"""The start of a shard after ends of those before it."""

import logging
from collections.abc import Sequence

from django.conf import settings

from models_app.domain.errors import StorageUnavailable
from models_app.models.transactions import translated_errors
from models_app.processes.boards import Board, Mark
from models_app.services.quarantine.noting import ShardEnd, note_ends, suspects
from models_app.services.quarantine.precautions import ShardPrecautions

logger = logging.getLogger(__name__)


def take_precautions(board: Board, ends: Sequence[ShardEnd], noted: Mark) -> ShardPrecautions:
    """Write down who is to blame for some ends, set `noted` then, and return what is done about it."""
    found: frozenset[str] = frozenset()
    try:
        note_ends(ends)
        noted.set()
        with translated_errors():
            found = suspects()
    except StorageUnavailable as error:
        # The next shard gets to hear of the same ends.
        logger.warning(
            "who is to blame for %d ends of the shard cannot be written down: %s", len(ends), error
        )
    return ShardPrecautions(board, found, patience=settings.MODEL_SECONDS)
