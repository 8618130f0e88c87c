"""When the log is copied home and begun anew (`database.sqlite.checkpoints`): counted on a log that only counts."""

from collections.abc import Callable
from typing import cast

import apsw

from posthouse.database.sqlite.checkpoints import Checkpointer, CheckpointSettings
from posthouse.database.sqlite.commit_thread import CommitRunner

SETTINGS = CheckpointSettings(copy_frames=1_000, restart_frames=24_000, left_frames_max=250)


class Log:
    """Both connections and the thread: what is in the log, and up to where a reader lets it be copied."""

    def __init__(self) -> None:
        self.frames = 0
        self.pinned_at: int | None = None
        self.copies = 0
        self.waiting: list[int] = []      # how much each restart has left to copy while everyone waits
        self.copied = 0
        self.unsynced: list[int] = []     # how much of the copied each restart has left to sync
        self.synced = 0
        self.sync_error: OSError | None = None
        self.checkpointer = Checkpointer(
            cast(apsw.Connection, self), cast(apsw.Connection, self), self.sync, cast(CommitRunner, self), SETTINGS
        )

    def set_wal_hook(self, hook: Callable[[object, str, int], int]) -> None:
        self.hook = hook

    def execute(self, sql: str) -> "Log":
        return self

    def fetchall(self) -> None:
        return None

    def set_busy_timeout(self, milliseconds: int) -> None:
        return None

    def run(self, job: Callable[[], None], done: Callable[[BaseException | None], None]) -> None:
        try:
            job()
        except OSError as error:
            done(error)
        else:
            done(None)

    def wal_checkpoint(self, mode: int) -> tuple[int, int]:
        if mode == apsw.SQLITE_CHECKPOINT_RESTART:
            if self.pinned_at is not None:
                raise apsw.BusyError
            self.waiting.append(self.frames - self.copied)
            self.unsynced.append(self.copied - self.synced)
            self.frames = self.copied = self.synced = 0
        else:
            self.copies += 1
            self.copied = self.frames if self.pinned_at is None else min(self.frames, self.pinned_at)
        return self.frames, self.copied

    def sync(self) -> None:
        if self.sync_error is not None:
            raise self.sync_error
        self.synced = self.copied

    def commit(self, frames: int) -> None:
        self.frames += frames
        self.hook(self, "main", self.frames)
        restart = self.checkpointer.after_commit()
        if restart is not None:
            restart()


def test_hardly_anything_is_left_when_the_log_is_begun_anew() -> None:
    log = Log()
    for _ in range(10_000):
        log.commit(10)
    assert len(log.waiting) == 100_000 // SETTINGS.restart_frames
    assert max(log.waiting) <= SETTINGS.left_frames_max
    assert not any(log.unsynced)


def test_a_copy_that_cannot_be_synced_is_told() -> None:
    """The kernel forgets what it could not write, and SQLite takes the frames for copied: only recovery helps."""
    log = Log()
    told: list[OSError] = []
    log.checkpointer.on_sync_failed = told.append
    log.sync_error = OSError(5, "Input/output error")
    for _ in range(SETTINGS.copy_frames // 10):
        log.commit(10)
    assert told == [log.sync_error]
    assert not log.waiting


def test_a_log_that_sqlite_has_begun_anew_by_itself_is_copied_again() -> None:
    """It does so at the next write, once all is copied and nobody reads."""
    log = Log()
    for _ in range(50):
        log.commit(SETTINGS.copy_frames)
        log.frames = log.copied = 0
        log.commit(1)
    assert log.copies == 50


def test_a_reader_that_pins_the_log_costs_few_copies_and_nobody_waits_for_all_of_it() -> None:
    log = Log()
    log.pinned_at = 300
    for _ in range(4_000):
        log.commit(10)
    assert log.copies <= 40_000 // SETTINGS.copy_frames
    log.pinned_at = None
    for _ in range(1_000):
        log.commit(10)
    assert log.waiting
    assert max(log.waiting) <= SETTINGS.left_frames_max
