"""The remembering zone: it sees merged commits only and keeps the index on them.

It never imports `propose` or `verify`.
"""
