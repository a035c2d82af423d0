import pytest
from hypothesis import settings

# A busy machine is no reason to fail: how long something takes is measured by `tiphys bench`.
settings.register_profile("tiphys", deadline=None)
settings.load_profile("tiphys")

pytest_plugins = ["tests.cluster_fixtures"]


@pytest.fixture(scope="session", autouse=True)
def signing_keys(tmp_path_factory):
    """Keys of their own for the tests, also of the processes that they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIPHYS_KEYS", str(tmp_path_factory.mktemp("keys")))
        patch.delenv("TIPHYS_SIGNING_KEY", raising=False)
        yield
