"""Posthouse beside the servers that it wants to replace, on one machine, in one run: see `README.md`."""
