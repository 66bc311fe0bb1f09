"""Averages over outputs, each made of a metric of one output."""

from river import metrics

#: Averages of metrics of numbers, and of labels.
OF_NUMBERS = (metrics.multioutput.MicroAverage, metrics.multioutput.MacroAverage)
OF_LABELS = (*OF_NUMBERS, metrics.multioutput.SampleAverage)


def averaged(
    average: type[metrics.base.WrapperMetric], kind: type[metrics.base.Metric]
) -> metrics.base.Metric:
    """Return a new average of a metric of its own: an average keeps the one that it is given."""
    return average(kind())
