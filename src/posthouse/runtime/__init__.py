"""The world outside, behind ports: clock, chance, disk, network, TLS, threads, journal, processes.

Owns every touch of clock, randomness, sockets, files and threads, so that the simulator can replace them together.
Promises: world errors are translated here, and every queue, thread pool and count has a limit.
Start with ``clock`` (what a port looks like); ``process`` is the supervisor; ``journal`` is where all log lines go.
"""
