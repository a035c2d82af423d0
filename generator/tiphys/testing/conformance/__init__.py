"""One suite per port; every backend, fakes included, runs it."""
