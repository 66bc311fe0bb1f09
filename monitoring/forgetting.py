"""What monitoring has made of records that a model is to forget."""

from collections.abc import Mapping

from monitoring.models import DriftAlert, DriftState, MetricSnapshot


def forget(model_id: int, first_seqs: Mapping[int, int]) -> None:
    """Delete what was made of the records, in the transaction that takes them out of the journal.

    Of each generation that is samples, alerts and detectors from the first such record on: detectors keep
    values that they have seen, and the others are those of a model that never was.
    """
    for generation, first in first_seqs.items():
        for table in (MetricSnapshot, DriftAlert, DriftState):
            rows = table._default_manager.filter(model_id=model_id, generation=generation, seq__gte=first)
            rows.delete()
