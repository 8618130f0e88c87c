"""The world outside, simulated: the same ports, with faults that come when a test says so.

Owns the plan of what goes wrong (`faults.py`), the model of what a power cut leaves (`platter.py`) and the simulated
twins of the ports. Promises: a twin without faults passes the port's own contract (`tests/contract`); everything that
is left to chance comes from one seed. Nothing of it is used by a server.
"""
