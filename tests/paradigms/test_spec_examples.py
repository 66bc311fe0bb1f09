import json

import pytest

from models_app.paradigms import trials
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.spec_examples import EXAMPLES, SpecExample


class TestExamples:
    def test_has_some_of_each_flavor(self) -> None:
        assert {example.flavor for example in EXAMPLES} == set(FLAVORS)

    def test_are_told_apart(self) -> None:
        assert len({example.key for example in EXAMPLES}) == len(EXAMPLES)

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
    def test_can_be_served_without_a_remark(self, example: SpecExample) -> None:
        data = json.dumps(example.spec).encode()

        found = trials.run(data, example.flavor, lambda *_: None, is_spec=True)

        assert found.remarks == ()
        assert found.specification.says_all
