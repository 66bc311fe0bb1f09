"""chantilly 0.3.0 for gunicorn, with the one name that today's River keeps elsewhere.

It is loaded by chantilly's own environment, by the name of this file.
"""

import river.metrics
import river.metrics.base

river.metrics.Metric = river.metrics.base.Metric

import chantilly  # noqa: E402  # it looks for that name when it is imported

app = chantilly.create_app()
