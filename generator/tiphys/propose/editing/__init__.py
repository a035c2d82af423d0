"""Requests for a change of what exists, read without a model: wholly understood, or not at all."""

from tiphys.propose.editing.reader import Edit, read_edit

__all__ = ["Edit", "read_edit"]
