"""Binary classification: which websites are phishing? (River's Phishing, 1,250 websites.)"""

import running
from river import datasets, linear_model, preprocessing

NAME = "example-phishing"


def main() -> None:
    options = running.options(__doc__, limit=1250).parse_args()
    client = running.connect(options.url)

    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    client.upload(model, NAME, flavor="binary")

    events = running.delayed(datasets.Phishing().take(options.limit), least=20, most=100)
    served = running.over_http(client, NAME, events, flavor="binary")
    running.report("Phishing", served, running.bare_loop(model, events, flavor="binary"))


if __name__ == "__main__":
    main()
