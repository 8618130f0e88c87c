"""The data directory: who may use it, and the lock that says whether somebody does.

Everything that is kept lies below one directory, which belongs to one user and is closed to all others. Whoever opens
the database holds the directory's lock, so that there are never two writers: a running server holds it for as long as
any of its processes lives (a worker inherits the descriptor), a command holds it for one request.
"""

import fcntl
import os
import pwd
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATABASE_NAME: Final = "posthouse.db"
CONTROL_SOCKET_NAME: Final = "control.sock"
LOCK_NAME: Final = "lock"

_RETRY_SECONDS: Final = 0.05
_UNIX_SOCKET_PATH_OCTETS_MAX: Final = 107    # unix(7): sun_path holds 108, the last of them zero


class DataDirectoryError(Exception):
    """The data directory cannot be used. `reason` says why; `mend` says what the caller can do about it."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}: {mend}")
        self.reason = reason
        self.mend = mend


class DataDirectoryMissing(DataDirectoryError):
    """There is no such directory."""


class DataDirectoryForeign(DataDirectoryError):
    """It belongs to somebody else, or holds something else."""


class DataDirectoryInUse(DataDirectoryError):
    """Another process holds the lock."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A directory that is there, and may be used by us."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / DATABASE_NAME

    @property
    def control_socket(self) -> Path:
        return self.path / CONTROL_SOCKET_NAME

    def lock(self, wait_seconds: float = 0.0) -> "DirectoryLock":
        """Take the lock, waiting for it at most so long. Blocks. Raises DataDirectoryInUse, DataDirectoryError."""
        descriptor = _open_lock(self.path / LOCK_NAME)
        ends_at = time.monotonic() + wait_seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= ends_at:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                os.close(descriptor)
                raise DataDirectoryInUse(
                    f"process {holder or '?'} holds {self.path}",
                    "wait until it has ended, or stop it; two processes may never write one database",
                )
            time.sleep(_RETRY_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return DirectoryLock(descriptor)


class DirectoryLock:
    """The lock while it is held; it ends with `release`, or with the last process that has the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> "DirectoryLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def create_data_directory(path: Path) -> DataDirectory:
    """Make the directory unless it is there, and close it to others. Raises DataDirectoryError.

    A directory that holds anything else is refused: closing, say, /tmp would harm whoever uses it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()} - {"lost+found"}    # of a disk of its own
    except OSError as error:
        raise DataDirectoryError(
            f"{path} cannot be used ({error.strerror})", "name another with --data-directory, or make it yourself"
        ) from error
    if names and not names & {LOCK_NAME, DATABASE_NAME}:
        raise DataDirectoryForeign(f"{path} holds other things ({min(names)})", "name an empty or a new directory")
    directory = find_data_directory(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o700)
    return directory


def find_data_directory(path: Path) -> DataDirectory:
    """Check a directory and, when we are root, become its owner: what we write there must stay the server's to read.

    Raises DataDirectoryMissing, DataDirectoryForeign, DataDirectoryError.
    """
    path = path.absolute()
    try:
        found = path.stat()
    except OSError as error:
        raise DataDirectoryMissing(
            f"no data directory at {path} ({error.strerror})",
            "name the right one with --data-directory, or begin one with `posthouse serve --data-directory`",
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise DataDirectoryMissing(f"{path} is no directory", "name another with --data-directory")
    if len(os.fsencode(path / CONTROL_SOCKET_NAME)) > _UNIX_SOCKET_PATH_OCTETS_MAX:
        raise DataDirectoryError(
            f"{path} is too long a name for the control socket in it (unix(7))", "choose a shorter one"
        )
    _become_owner(path, found.st_uid, found.st_gid)
    os.umask(0o077)      # whatever is made there from now on is its owner's alone, the database and its log too
    return DataDirectory(path)


def _become_owner(path: Path, uid: int, gid: int) -> None:
    """Drop root for the owner's uid. Raises DataDirectoryForeign for anybody else who is not the owner."""
    if uid == os.geteuid():
        return
    if os.geteuid() != 0:
        owner = _user_name(uid)
        raise DataDirectoryForeign(f"{path} belongs to {owner}", f"try: sudo -u {owner} posthouse ...")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(
            f"{path} cannot be opened ({error.strerror})", "check who owns the directory"
        ) from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
