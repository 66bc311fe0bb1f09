"""Transformation: features of websites, scaled for whoever asks. (River's Phishing, 1,250 websites.)

The scaler is one for all who use it, and goes on learning what is usual.
"""

from typing import Any

import running
from client import Client
from rich.progress import track
from river import datasets, preprocessing

NAME = "example-scaled"

Websites = list[dict[str, Any]]


def main() -> None:
    options = running.options(__doc__, limit=1250).parse_args()
    client = running.connect(options.url)

    model = preprocessing.StandardScaler()
    client.upload(model, NAME, flavor="transform")

    websites = [features for features, _ in datasets.Phishing().take(options.limit)]
    running.report("Phishing, the last website", over_http(client, websites), bare_loop(model, websites))


def over_http(client: Client, websites: Websites) -> running.Metrics:
    """Let the server's scaler learn each website; return how it scales the last one."""
    for features in track(websites, description="Streaming"):
        client.learn(features=features, model=NAME)
    return client.predict(websites[-1], model=NAME)


def bare_loop(model: Any, websites: Websites) -> running.Metrics:
    """Do with River alone what the server does; return the same."""
    for features in websites:
        model.learn_one(features)
    return model.transform_one(websites[-1])


if __name__ == "__main__":
    main()
