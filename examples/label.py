"""Classification by label: which digit does a faulty display show? (River's LED, made up, 2,000 digits.)

The model votes between every two digits: it has a label, and no probabilities.
"""

import running
from river import multiclass, naive_bayes
from river.datasets import synth

NAME = "example-digits"
SEED = 42


def main() -> None:
    options = running.options(__doc__, limit=2000).parse_args()
    client = running.connect(options.url)

    model = multiclass.OneVsOneClassifier(naive_bayes.BernoulliNB())
    client.upload(model, NAME, flavor="label")

    displays = synth.LED(seed=SEED, noise_percentage=0.1).take(options.limit)
    # In JSON names are texts; these are the numbers of the bars.
    named = (({f"bar {bar}": is_lit for bar, is_lit in bars.items()}, digit) for bars, digit in displays)
    events = running.delayed(named, least=5, most=50)
    served = running.over_http(client, NAME, events, flavor="label")
    running.report("LED", served, running.bare_loop(model, events, flavor="label"))


if __name__ == "__main__":
    main()
