"""Anomaly detection: which points are off the curve? (River's AnomalySine, made up, 2,000 points.)

The model learns each point at once, without a ground truth. Labels come later, and score what was predicted.
"""

import running
from river import anomaly, preprocessing
from river.datasets import synth

NAME = "example-sine"
SEED = 42


def main() -> None:
    options = running.options(__doc__, limit=2000).parse_args()
    client = running.connect(options.url)

    # Its trees want numbers between 0 and 1.
    model = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=10, height=6, seed=SEED)
    client.upload(model, NAME, flavor="anomaly")

    points = synth.AnomalySine(n_samples=2000, n_anomalies=200, seed=SEED).take(options.limit)
    events = running.delayed(points, least=20, most=200)
    served = running.over_http(client, NAME, events, flavor="anomaly")
    running.report("AnomalySine", served, running.bare_loop(model, events, flavor="anomaly"))


if __name__ == "__main__":
    main()
