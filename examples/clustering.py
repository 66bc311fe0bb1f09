"""Clustering: which pieces of images are alike? (River's ImageSegments, 2,310 pieces of seven kinds.)

The model learns each piece at once, without a ground truth. What kind it is comes later, and is compared
with the clusters; until then their silhouette shows how far apart they are.
"""

import copy
from typing import Any

import running
from river import cluster, datasets, metrics, preprocessing

NAME = "example-groups"
#: How bright a piece is, and its colour.
FEATURES = ("value-mean", "hue-mean")


def main() -> None:
    options = running.options(__doc__, limit=1000).parse_args()
    client = running.connect(options.url)

    # Nobody says how many clusters there are. Those that nothing comes to any more fade away.
    dense = cluster.DBSTREAM(clustering_threshold=0.5, fading_factor=0.01, cleanup_interval=50)
    model = preprocessing.StandardScaler() | dense
    client.upload(model, NAME, flavor="clustering")

    pieces = datasets.ImageSegments().take(options.limit)
    chosen = (({name: features[name] for name in FEATURES}, kind) for features, kind in pieces)
    events = running.delayed(chosen, least=5, most=50)
    served = running.over_http(client, NAME, events, flavor="clustering")
    running.report("ImageSegments", served, bare_loop(model, events))


def bare_loop(model: Any, events: running.Events) -> running.Metrics:
    """Do with River alone what the server does; return the same metrics."""
    silhouette = metrics.Silhouette()
    # Not by VBeta: River adds its kinds up in another order in each process.
    by_kind = metrics.AdjustedRand()
    clusters = {}
    for number, features, kind in events:
        if kind is None:
            # It forms its clusters when it is asked. On a copy: a prediction is to change nothing.
            asked = copy.deepcopy(model)
            clusters[number] = asked.predict_one(features)
            centers = asked["DBSTREAM"].centers
            if centers:
                silhouette.update(asked.transform_one(features), clusters[number], centers)
            model.learn_one(features)
            continue
        by_kind.update(kind, clusters[number])
    return {"Silhouette": silhouette.get(), "AdjustedRand": by_kind.get()}


if __name__ == "__main__":
    main()
