"""The proposing zone: from an issue to a pull request.

It reads untrusted text and merged skills and may only open and update pull requests. It never
imports `verify` or `remember`; evidence reaches it through a port that the pipeline hands in.
"""
