from tests.servers.conftest import forks, template

__all__ = ["forks", "template"]
