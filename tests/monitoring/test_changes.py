import json

from monitoring.pages.changes import Changes
from tests.services.instances import Instance, instance

__all__ = ["instance"]


class TestChanges:
    def test_has_the_rows_that_differ_from_those_before(self, instance: Instance) -> None:
        instance.upload("one")
        instance.upload("two")
        changes = Changes()

        assert set(changes()) == {"one", "two"}
        assert changes() == {}
        instance.run("one", 3)
        changed = changes()

        assert set(changed) == {"one"}
        assert (changed["one"]["n_learns"], changed["one"]["n_pending"]) == (3, 0)
        assert json.loads(json.dumps(changed)) == changed
