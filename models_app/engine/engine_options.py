"""The options of the engine."""

from dataclasses import dataclass, field

from models_app.engine.memory import MemoryLimits
from models_app.engine.snapshots import SnapshotPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """The options of the engine.

    A turn ends after `batch_size` commands or `turn_seconds`, whichever comes first, so that a slow model
    gives its thread back to the others.
    """

    threads: int = 8
    batch_size: int = 512
    turn_seconds: float = 0.02
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    snapshots: SnapshotPolicy = field(default_factory=SnapshotPolicy)
