"""Reading values out of plain words: pure, no model, guided only by a skill's schema.

Every step offers what it found to a `Sheet`, which keeps what the schema accepts and who claimed
which words; the steps run from the most telling form to the least. Nothing here does I/O.
"""
