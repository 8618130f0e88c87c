"""The control socket: a name in the data directory that nobody but its owner can open."""

import os
import socket
from pathlib import Path
from typing import Final

from posthouse.runtime.network import BACKLOG

_OWNER_ALONE: Final = 0o177    # what is taken off: the socket is 0600 from its first moment


def listen_locally(path: Path) -> socket.socket:
    """Listen at a path, in the place of a socket that a process which has ended left there. Raises OSError.

    The caller holds the data directory's lock, so that nobody else can be listening.
    """
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(_OWNER_ALONE)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening
