"""Attributes that an object derives from its others when asked, and that are no part of its state.

Each is made anew, to the same bits, whenever it is missing or out of date, so that two models which differ in
nothing else answer and learn alike. The tests hold this list to the River that is installed.
"""

import functools
from typing import Any

#: By module and class: the attributes.
CACHES: dict[tuple[str, str], frozenset[str]] = {
    # The centre of gravity, from the statistics of the cluster; emptied by each change of these.
    ("river.cluster.clustream", "CluStreamMicroCluster"): frozenset({"_center"}),
    # Which steps are asked for what, from the steps.
    ("river.compose.pipeline", "Pipeline"): frozenset(
        {"_plan", "_inference_transformers", "_last_step_cached", "_last_step_params"}
    ),
    # The posterior mean, from the natural parameters; marked as out of date by each learn.
    ("river.linear_model.bayesian_lin_reg", "BayesianLinearRegression"): frozenset({"_m_arr", "_m_dirty"}),
}


@functools.cache
def derived_attributes(kind: type[Any]) -> frozenset[str]:
    """Return the attributes of a class, and of those that it is made of, that are caches.

    >>> from river import compose
    >>> sorted(derived_attributes(compose.Pipeline))
    ['_inference_transformers', '_last_step_cached', '_last_step_params', '_plan']
    """
    kinds = ((each.__module__, each.__qualname__) for each in kind.__mro__)
    return frozenset().union(*(CACHES.get(each, ()) for each in kinds))
