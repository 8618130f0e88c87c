"""What is said: one sans-IO core a protocol, each with its commands, replies, states and session.

A core is fed bytes and asked for events; it touches no socket, clock or store, and does not know the other cores
(``sasl`` apart, which any may use). Start reading at a package's ``states`` and ``session``.
"""
