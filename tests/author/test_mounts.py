"""A volume that nobody mounts is mounted where the request has a path for it."""

from __future__ import annotations

import pytest

from tiphys.propose.author.mounts import mount_loose


def pod(*volumes, **box):
    return {"kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "a", **box}],
                                                    "volumes": [*volumes]}}  # fmt: skip


@pytest.mark.parametrize("box", [{}, {"workingDir": "/var/cache/x"}, {"volumeMounts": None}])
def test_the_only_one_at_the_only_path(box):
    made = pod({"name": "cache", "emptyDir": {}}, **box)
    assert [*mount_loose(made, "It has to put files into /var/cache/x; an emptyDir is enough.")]
    mount = {"name": "cache", "mountPath": "/var/cache/x"}
    assert made["spec"]["containers"] == [{"name": "a", "volumeMounts": [mount]}]


@pytest.mark.parametrize(
    ("volumes", "request_"),
    [
        ([{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}], "at /cache"),
        ([{"name": "a", "emptyDir": {}}], "at /cache or /temp"),
        ([{"name": "a", "hostPath": {"path": "/cache"}}], "the node's /cache"),
        ([{"name": "raw", "emptyDir": {}}], "at /cache"),
        ([], "at /cache"),
    ],
)
def test_what_may_mean_another_is_left(volumes, request_):
    made = pod(*volumes, volumeDevices=[{"name": "raw", "devicePath": "/dev/x"}])
    assert not [*mount_loose(made, request_)]
