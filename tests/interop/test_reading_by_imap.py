"""Real programs read and change a mailbox by IMAP on 143 (STARTTLS) and 993 (TLS), octet for octet."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from interop.served import SECONDS
from interop.user import User, letter, long_letter, needs, with_bare_lf

pytestmark = pytest.mark.interop

both_doors = pytest.mark.parametrize("door", ["imap", "imaps"])
X_TUID = re.compile(rb"^X-TUID: [^\n]*\n", re.MULTILINE)


@pytest.fixture
def letters(user: User) -> list[bytes]:
    """What stands in the INBOX."""
    kept = [letter(user, "one"), long_letter(user, "two"), letter(user, "three")]
    user.put(*kept)
    return kept


def test_imaplib(user: User, letters: list[bytes]) -> None:
    assert user.kept() == letters
    with user.imap() as client:
        client.select("INBOX")
        client.store("2", "+FLAGS", r"(\Deleted)")
        assert client.expunge() == ("OK", [b"2"])
        assert client.search(None, "SUBJECT", '"three"') == ("OK", [b"2"])
        client.copy("1", "Archive")
    assert user.kept() == [letters[0], letters[2]]
    assert user.kept("Archive") == letters[:1]


@needs("curl")
@both_doors
def test_curl(user: User, letters: list[bytes], door: str) -> None:
    def curl(path: str, *options: str | Path) -> bytes:
        return user.run(
            "curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", user.certificate,
            "--user", f"{user.address}:{user.password}", *options, f"{door}://localhost:{user.port(door)}/{path}",
        )  # fmt: skip

    assert [curl(f"INBOX;UID={uid}") for uid in (1, 2, 3)] == letters
    assert [curl(f"INBOX;MAILINDEX={number}") for number in (1, 2, 3)] == letters
    assert curl("INBOX;UID=1;SECTION=TEXT") == letters[0].partition(b"\r\n\r\n")[2]
    assert curl("INBOX?SUBJECT%20two") == b"* SEARCH 2\r\n"
    assert b"Archive" in curl("")
    curl("Drafts", "--upload-file", user.write("draft", letters[1]))
    assert user.kept("Drafts") == [letters[1]]
    curl("INBOX", "--request", r"STORE 3 +FLAGS \Deleted")
    curl("INBOX", "--request", "EXPUNGE")
    assert user.kept() == letters[:2]


@needs("mbsync")
@both_doors
def test_mbsync(user: User, letters: list[bytes], door: str) -> None:
    """Down, then changes on both sides, then nothing left to do."""
    user.write("mbsyncrc", (
        f"IMAPAccount posthouse\nHost localhost\nPort {user.port(door)}\nUser {user.address}\nPass {user.password!r}\n"
        f"SSLType {'IMAPS' if door == 'imaps' else 'STARTTLS'}\nCertificateFile {user.certificate}\n\n"
        "IMAPStore far\nAccount posthouse\n\n"
        f"MaildirStore near\nPath {user.home}/mail/\nInbox {user.home}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSyncState *\n"
    ).replace("'", '"'))  # fmt: skip
    (user.home / "mail").mkdir()

    def mbsync() -> None:
        user.run("mbsync", "--config", user.home / "mbsyncrc", "all")

    mbsync()
    assert sorted(maildir(user, "INBOX").values()) == sorted(map(with_bare_lf, letters))
    assert {folder.name for folder in (user.home / "mail").iterdir()} >= {"INBOX", "Sent", "Trash", "Drafts", "Junk"}

    files = {octets: file for file, octets in maildir(user, "INBOX").items()}
    files[with_bare_lf(letters[0])].unlink()
    answered = files[with_bare_lf(letters[2])]
    answered.rename(answered.parent.parent / "cur" / (answered.name.partition(":")[0] + ":2,RS"))
    added = letter(user, "by mbsync")
    (user.home / "mail" / "INBOX" / "new" / "1.added.localhost").write_bytes(with_bare_lf(added))
    user.put(letter(user, "while away"))
    mbsync()
    there = [X_TUID.sub(b"", with_bare_lf(kept)) for kept in user.kept()]
    expected = [letters[1], letters[2], letter(user, "while away"), added]
    assert there == [with_bare_lf(kept) for kept in expected]
    assert user.flags()[1] == {b"\\Seen", b"\\Answered"}
    assert sorted(maildir(user, "INBOX").values()) == sorted(there)

    before = user.kept()
    mbsync()
    assert user.kept() == before


def maildir(user: User, name: str) -> dict[Path, bytes]:
    """The messages in a folder, without the field that mbsync adds to what it brings."""
    folder = user.home / "mail" / name
    files = [*(folder / "new").iterdir(), *(folder / "cur").iterdir()]
    return {file: X_TUID.sub(b"", file.read_bytes()) for file in files}


@needs("mutt")
@both_doors
def test_mutt(user: User, letters: list[bytes], door: str) -> None:
    """It reads every message, marks one, deletes one and moves one."""
    copies = user.home / "copies"
    mutt(
        user, door,
        f"<tag-pattern>~A<enter><tag-prefix><copy-message>{copies}<enter><untag-pattern>~A<enter>",
        "<first-entry><flag-message><first-entry><next-entry><delete-message>",
        "<last-entry><save-message>=Archive<enter><sync-mailbox><quit>",
    )  # fmt: skip
    copied = [file.read_bytes() for folder in ("new", "cur") for file in (copies / folder).iterdir()]
    assert sorted(map(without_mutts_fields, copied)) == sorted(map(with_bare_lf, letters))
    assert user.kept() == letters[:1]
    assert user.flags() == [{b"\\Flagged", b"Old"}]    # its keyword for what was listed and not opened
    assert user.kept("Archive") == letters[2:]


def mutt(user: User, door: str, *keys: str) -> None:
    """Run mutt on the INBOX with some keys pressed, on a terminal of its own."""
    user.write("muttrc", (
        f'set folder={door}://{user.name_in_urls}@localhost:{user.port(door)}/ imap_pass="{user.password}"\n'
        f"set spoolfile=+INBOX certificate_file={user.certificate} ssl_starttls=yes ssl_force_tls=yes\n"
        "set mbox_type=Maildir quit=yes delete=yes confirmappend=no confirmcreate=no wait_key=no\n"
        "set header_cache= message_cachedir= beep=no move=no\n"
        f'push "{"".join(keys)}"\n'
    ))  # fmt: skip
    controlling, terminal = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(user.home), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    process = subprocess.Popen(
        ["mutt", "-n", "-F", str(user.home / "muttrc")],
        stdin=terminal, stdout=terminal, stderr=terminal, env=environment, cwd=user.home, start_new_session=True,
    )    # fmt: skip
    os.close(terminal)
    shown = b""
    try:
        while octets := _read(controlling):
            shown += octets
        assert process.wait(SECONDS) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(controlling)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:    # how Linux says that nobody is at the other end of a terminal any more
        return b""


def without_mutts_fields(copy: bytes) -> bytes:
    """A copy in a Maildir without what mutt adds to it."""
    header, separator, body = copy.partition(b"\n\n")
    kept = [line for line in header.split(b"\n") if not line.startswith((b"Content-Length:", b"Lines:", b"Status:"))]
    return b"\n".join(kept) + separator + body
