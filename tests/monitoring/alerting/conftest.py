from tests.services.instances import instance

__all__ = ["instance"]
