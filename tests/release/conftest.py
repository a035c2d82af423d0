from tests.cli.conftest import original, repository, tiphys

__all__ = ["original", "repository", "tiphys"]
