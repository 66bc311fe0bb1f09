"""The tables, one noun a file."""

from models_app.models.audit import AuditEntry
from models_app.models.configuration import Configuration, FlavorMetrics
from models_app.models.contracts import FeatureContract, FeaturesSeen
from models_app.models.generations import Generation
from models_app.models.journal import JournalSegment
from models_app.models.objects import DiscardedObject, SnapshotFolder
from models_app.models.pending import PendingPrediction
from models_app.models.replays import Replay
from models_app.models.served import ServedModel
from models_app.models.snapshots import Snapshot
from models_app.models.specifications import Specification
from models_app.models.suspicions import Suspicion

__all__ = [
    "AuditEntry",
    "Configuration",
    "DiscardedObject",
    "FeatureContract",
    "FeaturesSeen",
    "FlavorMetrics",
    "Generation",
    "JournalSegment",
    "PendingPrediction",
    "Replay",
    "ServedModel",
    "Snapshot",
    "SnapshotFolder",
    "Specification",
    "Suspicion",
]
