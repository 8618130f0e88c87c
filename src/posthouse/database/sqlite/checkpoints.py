"""Moving the write-ahead log home without stalling those who wait for a COMMIT.

Two halves. A second connection on a thread of its own copies what is committed into the database file every few
megabytes (PASSIVE: it waits for nobody, nobody waits for it) and syncs it, so that little is ever left to copy and to
sync. When the log has reached its grown size the copier goes on, each time with what came during its last copy, until
hardly anything is left; then the commit thread restarts the log between two batches, and only the pages of the last
moments are copied there. A reader that pins the log makes the restart fail at once (time-out 0); it is tried again
later, and the log grows meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass

import apsw

from posthouse.database.sqlite.commit_thread import CommitRunner

Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """Frames of 4 KiB: how often to copy, and when to begin the log anew."""

    copy_frames: int = 500          # 2 MiB: a copy and its sync stay short beside the commits' own
    restart_frames: int = 24_000    # 96 MiB of a log grown to 128
    left_frames_max: int = 250      # 1 MiB: what may be left to copy while everyone waits; twice as much at each try


class Checkpointer:
    """Counts the log's frames after each commit and says what is to be done about them."""

    def __init__(
        self,
        writer: apsw.Connection,
        copier: apsw.Connection,
        sync_copied: Callable[[], None],
        copies: CommitRunner,
        settings: CheckpointSettings,
    ) -> None:
        self._writer = writer
        self._copier = copier
        self._sync_copied = sync_copied
        self.on_sync_failed: Callable[[OSError], None] = lambda error: None
        self._copies = copies
        self._settings = settings
        self._frames = 0          # in the log, as the last commit said
        self._copied = 0          # of these, copied home
        self._try_restart_at = settings.restart_frames
        self._left_max = settings.left_frames_max
        self._copying = False
        self._copy_got_on = False
        self._wait_until = 0      # after a copy that came to nothing: so many frames in the log before the next
        writer.set_wal_hook(self._committed)
        copier.execute("SELECT count(*) FROM sqlite_schema").fetchall()    # one that has never read copies nothing

    def _committed(self, connection: apsw.Connection, name: str, frames: int) -> int:
        """SQLite tells, on the commit thread, how long the log is now."""
        self._frames = frames
        return int(apsw.SQLITE_OK)

    def after_commit(self) -> Job | None:
        """Begin a copy when one is due; return what must run on the writing connection before the next batch."""
        if self._copying:
            return None
        if self._frames < self._copied:    # all was copied, and SQLite has begun the log anew by itself
            self._copied = self._wait_until = 0
        left = self._frames - self._copied
        if self._is_full and left <= self._left_max:
            return self._restart
        if self._frames >= self._wait_until and (self._is_full or left >= self._settings.copy_frames):
            self._copying = True
            self._copies.run(self._copy, self._copy_ended)
        return None

    @property
    def _is_full(self) -> bool:
        """Whether the log is to be begun anew."""
        return self._frames >= self._try_restart_at

    def _copy(self) -> None:
        before = self._copied
        self._copied = self._copier.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)[1]
        self._copy_got_on = self._copied > before
        self._sync_copied()

    def _copy_ended(self, error: BaseException | None) -> None:
        self._copying = False
        if isinstance(error, OSError):    # the kernel forgets what it could not write: only recovery copies it again
            self.on_sync_failed(error)
            return
        if error is not None or not self._copy_got_on:    # a full disk, or a reader: the log keeps everything meanwhile
            self._try_restart_at = max(self._try_restart_at, self._frames + self._settings.copy_frames)
            self._wait_until = self._frames + self._settings.copy_frames
        elif self._is_full:                         # on a disk that is too slow for so little, more will have to do
            self._left_max *= 2

    def _restart(self) -> None:
        """Copy what is left and begin the log anew. A reader that pins it makes this fail: again in a while."""
        settings = self._settings
        self._left_max = settings.left_frames_max
        self._writer.set_busy_timeout(0)
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except (apsw.BusyError, apsw.LockedError, apsw.FullError):
            self._try_restart_at = self._frames + settings.copy_frames
            self._copied = max(0, self._frames - settings.copy_frames)
        else:
            self._frames = self._copied = self._wait_until = 0
            self._try_restart_at = settings.restart_frames
