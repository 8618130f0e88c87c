"""The parts of `posthouse check`: each compares some of what is kept with the rest of it, and changes nothing.

A part is a function on an `Inspection`, which carries the snapshot, collects faults and counts what is done. What one
part learns for another (which messages are named) is a value that `checking.py` hands on.
"""
