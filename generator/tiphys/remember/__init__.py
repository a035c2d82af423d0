"""Zone `remember`: sees merged commits only and holds the index.

It reads the repository and brings the index after it. It imports neither `propose` nor `verify`,
opens no pull request and judges nothing.
"""
