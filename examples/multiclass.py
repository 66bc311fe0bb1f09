"""Multi-class classification: what does a piece of an image show? (River's ImageSegments, 2,310 pieces.)"""

import running
from river import datasets, preprocessing, tree

NAME = "example-segments"


def main() -> None:
    options = running.options(__doc__, limit=2310).parse_args()
    client = running.connect(options.url)

    model = preprocessing.StandardScaler() | tree.HoeffdingTreeClassifier(grace_period=50)
    client.upload(model, NAME, flavor="multiclass")

    events = running.delayed(datasets.ImageSegments().take(options.limit), least=5, most=50)
    served = running.over_http(client, NAME, events, flavor="multiclass")
    running.report("ImageSegments", served, running.bare_loop(model, events, flavor="multiclass"))


if __name__ == "__main__":
    main()
