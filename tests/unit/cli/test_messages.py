"""Messages submitted and fetched from the command line."""

import email
import email.policy
import json
import mailbox
from pathlib import Path

import pytest

from posthouse.cli.fetch import as_mbox


def submit(run, *more: str, given: str = "Hello\n", to: str = "ben@example.org"):
    return run("submit", "--from", "anna@example.org", "--to", to, "--subject", "Grüße", *more, given=given)


def parsed(octets: bytes) -> email.message.EmailMessage:
    """As another implementation reads it."""
    return email.message_from_bytes(octets, policy=email.policy.default)    # type: ignore[arg-type, return-value]


def test_what_is_submitted_is_fetched(furnished) -> None:
    """Issue 4: one command that submits a message and one that reads it back."""
    submitted = submit(furnished, given="Schöne Grüße\n")
    assert submitted.exit_code == 0, submitted.stderr
    assert submitted.stdout.startswith("delivered to 1 account (")
    message = parsed(furnished("fetch", "--account", "ben@example.org", "--last").stdout_bytes)
    assert (message["From"], message["To"], message["Subject"]) == ("anna@example.org", "ben@example.org", "Grüße")
    assert message.get_content().splitlines() == ["Schöne Grüße"]
    assert message["Message-ID"]
    assert message["Date"].datetime


def test_files_go_along(furnished, tmp_path: Path) -> None:
    """--attach may be given several times; the media type is guessed by the name, else it is octets."""
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7\x00\xff")
    (tmp_path / "größe.unknown").write_bytes(b"\r\n.\n")
    submitted = submit(furnished, "--attach", str(tmp_path / "plan.pdf"), "--attach", str(tmp_path / "größe.unknown"))
    assert submitted.exit_code == 0, submitted.stderr
    message = parsed(furnished("fetch", "--account", "ben@example.org", "--last").stdout_bytes)
    parts = message.iter_attachments()
    attached = [(part.get_filename(), part.get_content_type(), part.get_content()) for part in parts]
    assert attached == [
        ("plan.pdf", "application/pdf", b"%PDF-1.7\x00\xff"),
        ("größe.unknown", "application/octet-stream", b"\r\n.\n"),
    ]


def test_mail_to_others_waits_in_the_queue(furnished) -> None:
    """Issue 4: nothing leaves the machine; `posthouse queue list|show` shows what waits."""
    assert furnished("queue", "list").stdout == "nothing waits\n"
    assert "queued for others as number 1" in submit(furnished, to="x@elsewhere.example").stdout
    assert "x@elsewhere.example" in furnished("queue", "list").stdout
    assert "x@elsewhere.example" in furnished("queue", "show", "1").stdout
    (row,) = json.loads(furnished("queue", "list", "--json").stdout)
    assert (row["queue_id"], row["reverse_path"]) == (1, "anna@example.org")
    assert [recipient["forward_path"] for recipient in row["recipients"]] == ["x@elsewhere.example"]
    assert json.loads(furnished("queue", "show", "1", "--json").stdout) == row


def test_several_messages_are_an_mbox_that_others_read(furnished, tmp_path: Path) -> None:
    """RFC 4155; Python's mailbox is the other implementation."""
    for text in ("one\n", "From here\n>From there\n", "three"):
        assert submit(furnished, given=text).exit_code == 0
    path = tmp_path / "inbox.mbox"
    path.write_bytes(furnished("fetch", "--account", "ben@example.org").stdout_bytes)
    box = mailbox.mbox(path)
    texts = [message.get_payload(decode=True) for message in box]
    box.close()
    assert texts == [b"one\n", b">From here\n>>From there\n", b"three\n"]


@pytest.mark.parametrize("line", [b"From x", b">From x", b">>From x"])
def test_quoting_in_an_mbox_can_be_undone(line: bytes) -> None:
    """The "mboxrd" way: one more > on every line that has only those before "From "."""
    assert as_mbox(b"A: b\r\n\r\n" + line + b"\r\n").split(b"\n\n")[1] == b">" + line


def test_fetching_needs_no_account_where_there_is_one(run) -> None:
    """The usual case is short; where it is not clear, the accounts are named."""
    assert "posthouse account add" in run("fetch").stderr
    run("domain", "add", "example.org")
    run("account", "add", "anna@example.org", "--password-stdin", given="correct horse\n")
    assert submit(run, to="anna@example.org").exit_code == 0
    assert b"Delivered-To: anna@example.org" in run("fetch", "--last").stdout_bytes
    run("account", "add", "ben@example.org", "--password-stdin", given="correct horse\n")
    refused = run("fetch")
    assert refused.exit_code == 1
    assert "anna@example.org, ben@example.org" in refused.stderr
    assert "--account" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("submit", "--from", "anna", "--to", "ben@example.org"), "no address"),
        (("submit", "--from", "anna@example.org", "--to", "nobody@example.org"), "nobody here"),
        (("submit", "--from", "anna@example.org", "--to", "ben@example.org", "--attach", "/nowhere"), "/nowhere"),
        (("submit", "--from", "anna@example.org"), "--to"),
        (("fetch", "--account", "ben@example.org", "--last"), "no message"),
        (("fetch", "--account", "ben@example.org", "--mailbox", "Nowhere"), "no mailbox"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(furnished, arguments: tuple[str, ...], word: str) -> None:
    """Issue 4: each error says what to do next."""
    result = furnished(*arguments, given="Hello\n")
    assert result.exit_code in {1, 2}
    assert word in result.stderr
