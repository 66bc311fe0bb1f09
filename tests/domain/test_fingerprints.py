import pickle

from river import datasets, forest

from models_app.domain.fingerprints import fingerprint


class TestFingerprint:
    def test_is_the_same_after_a_pickle_and_another_after_a_learn(self) -> None:
        model = forest.ARFClassifier(n_models=3, seed=1)
        stream = iter(datasets.Phishing())
        for x, y in (next(stream) for _ in range(200)):
            model.learn_one(x, y)
        before = fingerprint(model)

        twin = pickle.loads(pickle.dumps(model))

        assert fingerprint(twin) == before
        twin.learn_one(*next(stream))
        assert fingerprint(twin) != before

    def test_does_not_see_which_strings_are_shared(self) -> None:
        word = "shared"
        other = pickle.loads(pickle.dumps(word))
        assert other is not word

        assert fingerprint([word, word]) == fingerprint([word, other])

    def test_does_not_see_the_order_of_a_set(self) -> None:
        assert fingerprint({"a": frozenset("abc")}) == fingerprint({"a": frozenset("cba")})
        assert fingerprint(set("abc")) != fingerprint(frozenset("abc"))
