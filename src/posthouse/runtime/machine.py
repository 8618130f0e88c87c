"""What this machine is called."""

import socket


def machine_name() -> str:
    """The name that the machine was given, without asking the network; "localhost" where it has none."""
    return socket.gethostname() or "localhost"
