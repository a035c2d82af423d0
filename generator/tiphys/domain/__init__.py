"""Frozen values and pure decisions: no I/O, no vendor import, no clock of their own."""
