from tests.battery.serving import EveryClass

FLAVOR = "regression"


class TestRegression(EveryClass):
    """A file of its own: the flavors run side by side."""
