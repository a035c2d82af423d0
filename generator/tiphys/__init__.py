"""Tiphys: requests in plain language become reviewed, tested Kubernetes manifests.

`tiphys.pipeline` shows the stages; `tiphys.bootstrap` wires them. Nothing heavy is imported here.
"""

__version__ = "0.1.0"
