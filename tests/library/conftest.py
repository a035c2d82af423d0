"""Property tests here run on busy machines: time is bounded where a test is about time."""

from hypothesis import settings

settings.register_profile("library", deadline=None, max_examples=50)
settings.load_profile("library")
