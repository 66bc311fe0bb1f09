"""Text: which desk does a message belong to? (Messages that this example generates.)

The features are the text itself, a string instead of an object.
"""

import random
from collections.abc import Iterator

import running
from river import feature_extraction, naive_bayes

NAME = "example-messages"
SEED = 42

OPENINGS = ("hello", "good morning", "dear team", "hi", "excuse me", "please help")
CLOSINGS = ("thank you", "many thanks", "kind regards", "it is urgent", "what shall I do", "please answer")
WORDS = {
    "billing": "invoice payment card refund charged twice price euro account bank discount amount".split(),
    "delivery": "parcel late courier address tracking arrived broken box door neighbour lost street".split(),
    "technical": "password login error screen crash update button install slow account page browser".split(),
}
# One word in this many comes from another desk's list.
NOISE = 6


def messages(n: int) -> Iterator[tuple[str, str]]:
    """Yield that many made-up messages with their desks, the same ones each time."""
    draw = random.Random(SEED)
    desks = list(WORDS)
    for _ in range(n):
        desk = draw.choice(desks)
        words = [draw.choice(WORDS[desk if draw.randrange(NOISE) else draw.choice(desks)]) for _ in range(5)]
        yield f"{draw.choice(OPENINGS)}, {' '.join(words)}, {draw.choice(CLOSINGS)}", desk


def main() -> None:
    options = running.options(__doc__, limit=1000).parse_args()
    client = running.connect(options.url)

    model = feature_extraction.BagOfWords(lowercase=True) | naive_bayes.MultinomialNB()
    client.upload(model, NAME, flavor="multiclass")

    print(f"{options.limit} messages, made up by this example (seed {SEED}), such as:")
    for message, desk in messages(3):
        print(f"  {desk:9}  {message}")
    events = running.delayed(messages(options.limit), least=1, most=40)
    served = running.over_http(client, NAME, events, flavor="multiclass")
    running.report("Messages", served, running.bare_loop(model, events, flavor="multiclass"))


if __name__ == "__main__":
    main()
