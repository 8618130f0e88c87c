"""The data directory has one owner and one holder at a time (DESIGN 8: "never two writers")."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from posthouse.runtime.data_directory import (
    DataDirectoryError,
    DataDirectoryForeign,
    DataDirectoryInUse,
    DataDirectoryMissing,
    create_data_directory,
    find_data_directory,
)


def test_a_new_directory_is_closed_to_others(tmp_path: Path) -> None:
    """What is kept is other people's mail: nobody but its owner looks into it."""
    directory = create_data_directory(tmp_path / "deep" / "data")
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700


def test_an_empty_directory_that_was_made_open_is_closed(tmp_path: Path) -> None:
    """`mkdir data; posthouse serve --data-directory data` is what people type."""
    (tmp_path / "data").mkdir(mode=0o755)
    assert stat.S_IMODE(create_data_directory(tmp_path / "data").path.stat().st_mode) == 0o700


def test_a_directory_that_holds_other_things_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    """Closing somebody's home or /tmp would harm whoever uses it."""
    tmp_path.chmod(0o755)
    (tmp_path / "letter.odt").touch()
    with pytest.raises(DataDirectoryForeign, match=r"letter\.odt"):
        create_data_directory(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_directory_that_was_used_before_is_taken_again(tmp_path: Path) -> None:
    """A restart finds its lock, its database and whatever else it left."""
    create_data_directory(tmp_path / "data").lock().release()
    (tmp_path / "data" / "blobs").mkdir()
    assert create_data_directory(tmp_path / "data").path == tmp_path / "data"


def test_a_missing_directory_is_named_with_its_mend(tmp_path: Path) -> None:
    """Every error says what to do next (issue 4)."""
    with pytest.raises(DataDirectoryMissing) as raised:
        find_data_directory(tmp_path / "nowhere")
    assert "--data-directory" in raised.value.mend


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    """A path that names a file is told from one that names nothing."""
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryMissing, match="is no directory"):
        find_data_directory(tmp_path / "file")
    with pytest.raises(DataDirectoryError, match="cannot be used"):
        create_data_directory(tmp_path / "file")


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """unix(7): the name of a socket has 107 octets; found out later it would be a riddle."""
    with pytest.raises(DataDirectoryError, match="too long"):
        create_data_directory(tmp_path / ("x" * 120))


def test_the_lock_has_one_holder_who_is_named(tmp_path: Path) -> None:
    """The second hears who holds it, at once, and gets it when the first has let go."""
    directory = create_data_directory(tmp_path / "data")
    with directory.lock(), pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()} holds"):
        directory.lock()
    directory.lock().release()


def test_the_lock_outlives_its_taker_in_a_child_that_has_the_descriptor(tmp_path: Path) -> None:
    """A worker whose supervisor was killed still writes: nobody else may open the database until it has ended."""
    directory = create_data_directory(tmp_path / "data")
    lock = directory.lock()
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[lock.descriptor]
    )
    lock.release()
    with pytest.raises(DataDirectoryInUse):
        directory.lock()
    child.communicate()
    directory.lock().release()


def run_program(code: str, path: Path) -> str:
    """What a program of its own prints, that begins as root and may become anybody."""
    for folder in (path.parent, *path.parent.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    program = f"import os, pathlib; from posthouse.runtime.data_directory import *; path = pathlib.Path({str(path)!r})"
    return subprocess.run(
        [sys.executable, "-c", f"{program}\n{code}"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_owner(tmp_path: Path) -> None:
    """What root's commands write must stay the server's to read (DESIGN 8)."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 12345, 12346)
    code = "create_data_directory(path).lock().release(); print(os.geteuid(), os.getegid(), os.getgroups())"
    assert run_program(code, data) == "12345 12346 []\n"
    assert (data / "lock").stat().st_uid == 12345


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_sent_to_the_owner(tmp_path: Path) -> None:
    """Neither root nor the owner: the error names whom to become."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 12345, 12346)
    code = "os.setuid(54321)\ntry: find_data_directory(path)\nexcept DataDirectoryForeign as error: print(error.mend)"
    assert "sudo -u #12345 posthouse" in run_program(code, data)


def test_what_is_made_there_is_its_owners_alone(tmp_path: Path) -> None:
    """The folder is closed to others; so is each file in it, should the folder ever be opened by mistake."""
    before = os.umask(0o022)
    try:
        directory = create_data_directory(tmp_path / "data")
        (directory.path / "posthouse.db").touch()
        assert stat.S_IMODE((directory.path / "posthouse.db").stat().st_mode) == 0o600
    finally:
        os.umask(before)
