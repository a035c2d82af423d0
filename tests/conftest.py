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


@pytest.fixture(scope="session", autouse=True)
def no_real_model():
    """A model is a fake, a recording or a server on loopback, also in processes of the tests.

    What the environment says of models (address, key, name, recordings, and TIPHYS_RECORD, which
    would refresh them) is cleared: a test that means to record sets all of it itself.
    """
    import httpx

    real = httpx.HTTPTransport.handle_request

    def near(transport, request):
        assert request.url.host in ("127.0.0.1", "localhost", "::1", ""), (
            f"a test reached for {request.url.host}"
        )
        return real(transport, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", near)
        patch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        for name in ("OPENAI_API_KEY", "TIPHYS_MODEL", "TIPHYS_RECORDINGS", "TIPHYS_RECORD"):
            patch.delenv(name, raising=False)
        yield
