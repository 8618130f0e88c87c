"""Posthouse: a domain's whole mail system in one program.

Where to start reading: ``server.py`` puts the rooms together; ``docs/architecture.md`` is the plan of the house
and ``docs/flow.md`` follows one message from the socket to the disk.
"""

__version__ = "0.1.0"
