"""Frozen values and pure decisions. No I/O, no vendor import, no clock: those arrive as arguments."""
