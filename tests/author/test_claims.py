"""Classes of storage that nobody named."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.claims import without_classes


@pytest.mark.parametrize(
    ("request_", "makes", "stays"),
    [
        ("1Gi mounted at /data", False, False),
        ("1Gi of class standard", False, True),
        ("1Gi of class Standard", False, True),
        ("1Gi of class standard-ssd", False, False),
        ("1Gi, and a class for it", True, True),
    ],
)
def test_a_class_stays_if_it_was_named_or_is_made(request_, makes, stays):
    claim = {"metadata": {"name": "d"}, "spec": {"storageClassName": "standard"}}
    made = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [claim]}}
    others = [{"kind": "StorageClass", "metadata": {"name": "standard"}}] if makes else []
    assert bool([*without_classes([made, *others], request_)]) is not stays
    assert ("storageClassName" in claim["spec"]) is stays
