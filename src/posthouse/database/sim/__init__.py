"""The embedded engine on a disk that can fail: an SQLite file system over `runtime/sim`'s platter.

Promises: SQLite itself, its locks and its shared memory are the real ones; only what reaches the disk is simulated.
A killed process proves less: what it wrote is in the kernel and survives it. Nothing of it is used by a server.
"""
