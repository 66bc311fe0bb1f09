"""Forgetting in histories of any kind: learns, snapshots, rollbacks, replays and earlier forgetting."""

import random
from dataclasses import dataclass, field

import pytest
from django.utils import timezone

from models_app.domain.fingerprints import fingerprint
from models_app.domain.mentions import OfFeature
from models_app.models import Snapshot
from models_app.services import forgetting, replaying, rolling_back, snapshotting, verifying
from tests.services.instances import Instance, logistic
from tests.services.test_forgetting import journal, msgspec_person, served

Learned = tuple[int, float]


def bare(learned: list[Learned]) -> str:
    model = logistic()
    for person, x in learned:
        model.learn_one({"x": x, "person": person}, x > 2)
    return fingerprint(model)


@dataclass
class History:
    """A model on a server, and what it must have learned by now, in each generation."""

    instance: Instance
    rng: random.Random
    generation: int = 1
    learned: dict[int, list[Learned]] = field(default_factory=lambda: {1: []})
    n: int = 0

    def step(self) -> None:
        do = self.rng.choices(
            [self.learn, self.learn_by_id, self.snapshot, self.roll_back, self.replay, self.forget],
            [6, 3, 2, 1, 1, 1],
        )[0]
        do()

    def _next(self) -> Learned:
        self.n += 1
        return self.rng.randrange(6), float(self.rng.randrange(5))

    def learn(self) -> None:
        for _ in range(self.rng.randrange(1, 6)):
            person, x = self._next()
            self.instance.learn_from("model", x > 2, x=x, person=person)
            self.learned[self.generation].append((person, x))

    def learn_by_id(self) -> None:
        person, x = self._next()
        self.instance.predict(f"{self.n}", "model", x=x, person=person)
        self.instance.learn(f"{self.n}", x > 2)
        self.learned[self.generation].append((person, x))

    def snapshot(self) -> None:
        snapshotting.take_snapshot(name="model")

    def roll_back(self) -> None:
        kept = list(Snapshot.objects.order_by("pk").values_list("generation", "seq"))
        generation, seq = self.rng.choice(kept)
        before = self.learned[generation][:seq]
        done = rolling_back.roll_back(name="model", seq=seq, generation=generation, now=timezone.now())
        self.generation = done.generation
        self.learned[self.generation] = before

    def replay(self) -> None:
        source = self.rng.randrange(1, self.generation + 1)
        if source == self.generation:
            return
        plan = replaying.begin_replay(name="model", generation=source)
        list(plan.feed().answers(plan.records()))
        self.learned[self.generation] += self.learned[source][plan.after_seq : plan.until_seq]

    def forget(self) -> None:
        person = self.rng.randrange(6)
        n_before = len(self.learned[self.generation])
        done = forgetting.forget(name="model", mention=OfFeature("person", [person]), now=timezone.now())
        self.learned = {
            generation: [each for each in learned if each[0] != person]
            for generation, learned in self.learned.items()
        }
        assert (done.left_seq, done.seq) == (n_before, len(self.learned[self.generation]))
        assert person not in {msgspec_person(learn) for learn in journal()}
        if done.generation != self.generation:
            # It goes on where the one before it ends.
            self.learned[done.generation] = self.learned[self.generation][:]
            self.generation = done.generation
        self.check()

    def check(self) -> None:
        assert fingerprint(served()) == bare(self.learned[self.generation])
        verified = verifying.verify_model(name="model")
        assert verified.differences == ()
        assert verified.seq == len(self.learned[self.generation])


@pytest.mark.parametrize("seed", range(4))
def test_leads_to_what_would_have_been(instance: Instance, seed: int) -> None:
    instance.upload("model")
    history = History(instance, random.Random(seed))
    for _ in range(40):
        history.step()
    history.forget()
    history.check()
