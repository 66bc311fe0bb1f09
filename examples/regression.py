"""Regression: a president's approval from five polls. (River's TrumpApproval, 1,001 days.)"""

import running
from river import datasets, linear_model, optim, preprocessing

NAME = "example-approval"


def main() -> None:
    options = running.options(__doc__, limit=1001).parse_args()
    client = running.connect(options.url)

    model = preprocessing.StandardScaler() | linear_model.LinearRegression(
        optimizer=optim.SGD(0.05), intercept_lr=0.2
    )
    client.upload(model, NAME, flavor="regression")

    events = running.delayed(datasets.TrumpApproval().take(options.limit), least=1, most=7)
    served = running.over_http(client, NAME, events, flavor="regression")
    running.report("TrumpApproval", served, running.bare_loop(model, events, flavor="regression"))


if __name__ == "__main__":
    main()
