"""Multi-label classification: what does a gene of yeast do? (River's Yeast, 2,417 genes, 14 functions.)"""

import running
from river import datasets, linear_model, multioutput, preprocessing

NAME = "example-yeast"


def main() -> None:
    options = running.options(__doc__, limit=500).parse_args()
    client = running.connect(options.url)

    # Each function is predicted from the features and the functions before it.
    model = preprocessing.StandardScaler() | multioutput.ClassifierChain(linear_model.LogisticRegression())
    client.upload(model, NAME, flavor="multilabel")

    events = running.delayed(datasets.Yeast().take(options.limit), least=1, most=30)
    served = running.over_http(client, NAME, events, flavor="multilabel")
    running.report("Yeast", served, running.bare_loop(model, events, flavor="multilabel"))


if __name__ == "__main__":
    main()
