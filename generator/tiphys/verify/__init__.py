"""The verifying zone: a proposal's files are data, the checks are ours.

It holds no model key and no forge token, produces evidence and decides nothing by opinion. It never
imports `propose` or `remember`.
"""
