"""A volume that nobody mounts is mounted where the request has a path for it."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.mounts import mount_loose, own_files


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


@pytest.mark.parametrize(
    ("request_", "group"),
    [
        ("Set the pod's fsGroup to 2000.", 2000),
        ("Files there need to belong to group 100 (the pod's fsGroup).", 100),
        ("The volume must be owned by group 65534.", 65534),
        ("El volumen, el volume, debe pertenecer al grupo 2500.", 2500),
        ("It runs with user 7 and group 8, and files come and go.", None),
        ("The files belong to group 5 and the data is owned by group 6.", None),
    ],
)
def test_files_belong_to_the_group_that_is_told(request_, group):
    made = pod({"name": "cache", "emptyDir": {}})
    list(own_files([made], request_))
    assert made["spec"].get("securityContext", {}).get("fsGroup") == group


def test_of_two_pods_nobody_knows_whose_files_are_meant():
    assert not list(own_files([pod(), pod()], "fsGroup 2000"))
