"""The directory as the hot path sees it: resolutions kept until something changes."""

from collections.abc import Hashable
from typing import Final

from posthouse.database.database import Database
from posthouse.directory.resolution import Resolution, resolve
from posthouse.directory.version import DIRECTORY_TOPIC, DirectoryVersion, version
from posthouse.message.address import ForwardPath

RESOLUTIONS_MAX: Final = 10_000    # about 5 MB; guessers of addresses push out one another's and nothing else of ours


class DirectoryReader:
    """Answers RCPT from memory. One a database, in its loop; forgets everything at each change of the directory.

    What it says is as of `version` or newer: an operation that was planned on it compares that in its turn.
    """

    __slots__ = ("_database", "_resolutions", "_resolutions_max", "_version")

    def __init__(self, database: Database, resolutions_max: int = RESOLUTIONS_MAX) -> None:
        self._database = database
        self._resolutions: dict[ForwardPath, Resolution] = {}
        self._resolutions_max = resolutions_max
        self._version: DirectoryVersion | None = None
        database.listen(self._changed)

    @property
    def version(self) -> DirectoryVersion:
        """The version that was current when the oldest resolution now kept was made, or is current now."""
        if self._version is None:
            self._version = self._database.read(version)
        return self._version

    def resolve(self, path: ForwardPath) -> Resolution:
        """Where mail to a forward-path goes (`resolution.resolve`). Raises DatabaseError."""
        known = self._resolutions.get(path)
        if known is not None:
            return known
        if self._version is None:
            self._version = self._database.read(version)
        resolution = self._database.read(lambda tx: resolve(tx, path))
        if len(self._resolutions) >= self._resolutions_max:
            del self._resolutions[next(iter(self._resolutions))]
        self._resolutions[path] = resolution
        return resolution

    def forget(self) -> None:
        """Keep nothing of what was read."""
        self._resolutions.clear()
        self._version = None

    def _changed(self, topics: set[Hashable]) -> None:
        if DIRECTORY_TOPIC in topics:
            self.forget()
