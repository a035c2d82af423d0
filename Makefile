# `make demo` tells the whole story, `make test` is every check; both do all of their own set-up.
# `make testbed` is what needs a machine of its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test testbed lint fast bench lock clean

demo: $(VENV)/ready
	$(BIN)/tiphys demo

test: $(VENV)/ready-to-test lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not testbed"

# A node with real pods, and Argo's real controllers: needs root, containerd, runc, the CNI plugins,
# debootstrap, a static busybox and redis. The first line says what is missing.
testbed: $(VENV)/ready
	$(BIN)/python -m tests.testbed
	$(BIN)/tiphys tools install kubectl kubelet kube-proxy kube-router workflow-controller \
	  argoexec argo-cd kube-apiserver@1.33.4 kube-apiserver@1.35.4
	$(BIN)/pytest -n 0 -m testbed tests/testbed || { \
	  echo "once more what failed: pods on a busy machine may come too late once"; \
	  $(BIN)/pytest -n 0 -m testbed --last-failed --last-failed-no-failures none tests/testbed; }

# What a commit should pass: no cluster, seconds.
fast: $(VENV)/ready lint
	$(BIN)/pytest -n $(WORKERS) -m "not cluster and not testbed"

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/ready-to-test
	$(BIN)/tiphys bench retrieval
	$(BIN)/tiphys bench speed
	$(BIN)/tiphys bench critic
	$(BIN)/tiphys bench mutants

# The binaries take minutes to build where they can't be downloaded, so they start as soon as the
# few packages that build them are there, beside the rest of the installation.
$(VENV)/ready: requirements.lock requirements-tools.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tiphys needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@set -e; PYTHONPATH=generator $(BIN)/python -m tiphys tools install & tools=$$!; \
	trap 'kill $$tools 2>/dev/null' INT TERM; \
	echo "installing the Python packages (about a minute)"; \
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock \
	  || { kill $$tools; exit 1; }; \
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . \
	  || { kill $$tools; exit 1; }; \
	wait $$tools
	@touch $@

$(VENV)/ready-to-test: $(VENV)/ready
	$(BIN)/tiphys tools install chainsaw kubectl kwokctl kube-apiserver@1.33.4 kube-apiserver@1.35.4
	@touch $@

lock:
	uv pip compile pyproject.toml --extra dev --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements.lock
	uv pip compile requirements-tools.in -c requirements.lock --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements-tools.lock

clean:
	rm -rf $(VENV) build dist *.egg-info generator/*.egg-info
