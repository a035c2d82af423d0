"""Container images made of folders: no registry, no Docker daemon.

`archive` writes a docker-archive, which `ctr -n k8s.io images import FILE` takes in. `box` is a
tiny image for sandboxes, workloads and jobs; `runner` is the image that argo/Dockerfile describes.
"""
