"""What time brings: periodic jobs in the worker, and the check that everything kept is whole.

Owns no truth. Jobs (`folding.py`, `retention.py`, `erasing.py`, `orphans.py`) are bounded steps on the store's own
operations, run by `upkeep.py` beside the doors: none may hold up the mail, each may be cut short and comes again.
`checking.py` compares all that is derived or counted with the truth, and changes nothing.

Start reading at `upkeep.py`.
"""
