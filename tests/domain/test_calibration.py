import random

import pytest
from river import datasets, linear_model, metrics, preprocessing

from models_app.domain.calibration import Claim, claim, expected_error, reliability
from models_app.domain.predictions import Prediction, most_probable
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.binary import BINARY
from models_app.paradigms.multiclass import MULTICLASS


class TestClaim:
    @pytest.mark.parametrize(
        ("y_true", "y_pred", "expected"),
        [
            (True, {True: 0.9, False: 0.1}, (0.9, True)),
            (1, {True: 0.9}, (0.9, True)),
            (0, {False: 0.75}, (0.25, False)),
            (True, {"yes": 0.9}, None),
            (True, {True: None, False: 0.5}, None),
            (True, {True: 1.5, False: -0.5}, None),
            (True, {}, None),
            (True, None, None),
            (True, 0.5, None),
        ],
    )
    def test_is_of_true_in_a_binary_classification(
        self, y_true: GroundTruth, y_pred: Prediction, expected: Claim | None
    ) -> None:
        assert claim(y_true, y_pred, BINARY.claimed_label) == expected

    @pytest.mark.parametrize(
        ("y_true", "y_pred", "expected"),
        [
            ("a", {"a": 0.5, "b": 0.3, "c": 0.2}, (0.5, True)),
            ("c", {"a": 0.5, "b": 0.3, "c": 0.2}, (0.5, False)),
            (2, {1: 0.1, 2: 0.9}, (0.9, True)),
            ("a", {"a": 3.0, "b": 1.0}, None),
        ],
    )
    def test_is_of_the_most_probable_label_otherwise(
        self, y_true: GroundTruth, y_pred: Prediction, expected: Claim | None
    ) -> None:
        assert claim(y_true, y_pred, MULTICLASS.claimed_label) == expected


class TestReliability:
    def test_finds_little_error_in_claims_that_come_true_as_often_as_they_say(self) -> None:
        rng = random.Random(1)
        shares = [rng.random() for _ in range(20_000)]
        honest = reliability((share, rng.random() < share) for share in shares)
        boastful = reliability((max(share, 0.9), rng.random() < share) for share in shares)

        assert (expected_error(honest) or 1) < 0.02
        assert (expected_error(boastful) or 0) > 0.3

    def test_counts_every_claim_of_a_real_model_once(self) -> None:
        model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
        accuracy, claims = metrics.Accuracy(), []
        for x, y in datasets.Phishing():
            y_pred = model.predict_proba_one(x)
            accuracy.update(y, most_probable(y_pred))
            claims.append(claim(y, y_pred, MULTICLASS.claimed_label) or (0.0, False))
            model.learn_one(x, y)

        bins = reliability(claims)

        assert sum(found.n for found in bins) == 1_250
        right = sum(found.n * found.observed for found in bins if found.observed is not None)
        assert right / 1_250 == pytest.approx(accuracy.get())

    def test_has_all_bins_and_no_error_without_claims(self) -> None:
        bins = reliability([])

        assert [(found.n, found.claimed, found.observed) for found in bins] == [(0, None, None)] * 10
        assert expected_error(bins) is None
