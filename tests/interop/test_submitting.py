"""Real programs submit on 587 (STARTTLS) and 465 (TLS), and what was submitted is kept octet for octet.

Programs that are given a whole message are held to it; those that write one themselves, to the copy that they keep.
"""

import email
import email.policy
import os
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from interop.user import User, letter, long_letter, needs, swaks_has_tls, with_bare_lf

pytestmark = pytest.mark.interop

both_doors = pytest.mark.parametrize("door", ["submission", "submissions"])
both_letters = pytest.mark.parametrize("make", [letter, long_letter])
TEXT = "Hello.\n.dot and na\u00efve\nFrom here\n"
ADDED_TO_OWN_COPIES = re.compile(rb"^(?:Status|Content-Length|Lines):.*\n", re.MULTILINE)


@both_doors
@both_letters
def test_smtplib(user: User, door: str, make) -> None:
    message = make(user)
    if door == "submissions":
        client = smtplib.SMTP_SSL("localhost", user.port(door), context=user.tls_context())
    else:
        client = smtplib.SMTP("localhost", user.port(door))
        client.starttls(context=user.tls_context())
    with client:
        client.login(user.address, user.password)
        client.sendmail(user.address, [user.address], message, mail_options=["BODY=8BITMIME"])
    assert user.delivered() == message


@needs("swaks")
@pytest.mark.skipif(not swaks_has_tls(), reason="swaks speaks no TLS here: scripts/install-interop")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@both_doors
@both_letters
def test_swaks(user: User, door: str, mechanism: str, make) -> None:
    message = make(user)
    given = user.write("letter", with_bare_lf(message).removesuffix(b"\n"))    # it adds a line end of its own
    user.run(
        "swaks", "--server", f"localhost:{user.port(door)}", "--tls" if door == "submission" else "--tls-on-connect",
        "--tls-verify", "--tls-ca-path", user.certificate, "--auth", mechanism, "--auth-user", user.address,
        "--auth-password", user.password, "--from", user.address, "--to", user.address, "--data", f"@{given}",
    )  # fmt: skip
    assert user.delivered() == message.replace(b"\\n", b"\r\n")    # what it takes for a line end


@needs("msmtp")
@both_doors
@both_letters
def test_msmtp(user: User, door: str, make) -> None:
    message = make(user)
    settings = user.write("msmtprc", (
        f"account default\nhost localhost\nport {user.port(door)}\nfrom {user.address}\n"
        f"tls on\ntls_starttls {'on' if door == 'submission' else 'off'}\ntls_trust_file {user.certificate}\n"
        f"auth on\nuser {user.address}\npassword {user.password}\n"
    ))  # fmt: skip
    user.run("msmtp", "-C", settings, user.address, given=with_bare_lf(message))
    assert user.delivered() == message


@needs("curl")
@both_doors
@both_letters
def test_curl(user: User, door: str, make) -> None:
    message = make(user)
    scheme = "smtp" if door == "submission" else "smtps"
    user.run(
        "curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", user.certificate,
        "--user", f"{user.address}:{user.password}", "--mail-from", user.address, "--mail-rcpt", user.address,
        "--upload-file", user.write("letter", message),
        f"{scheme}://localhost:{user.port(door)}/laptop.example",    # by which it calls itself
    )  # fmt: skip
    assert user.delivered() == message
    assert b"Received: from laptop.example (" in user.kept()[0]


@needs("s-nail")
@both_doors
def test_s_nail(user: User, door: str) -> None:
    attached = user.write("attached.bin", os.urandom(400_000))
    account = f"{user.name_in_urls}:{user.password.replace(' ', '%20')}@localhost:{user.port(door)}"
    user.run(
        "s-nail", "-:/", "-S", "v15-compat", "-S", f"mta={door}://{account}", "-S", "smtp-auth=plain",
        *(("-S", "smtp-use-starttls") if door == "submission" else ()),
        "-S", "tls-ca-no-defaults", "-S", f"tls-ca-file={user.certificate}", "-S", "tls-verify=strict",
        "-S", f"from={user.address}", "-S", f"record={user.home / 'sent'}", "-S", f"DEAD={user.home / 'dead'}",
        "-S", "sendwait", "-S", "ttycharset=utf-8", "-s", "by s-nail", "-a", attached, user.address,
        given=TEXT.encode(),
    )  # fmt: skip
    assert user.delivered() == own_copy(user.home / "sent")
    assert_carries(user, attached)


@needs("mutt")
@both_doors
def test_mutt(user: User, door: str) -> None:
    attached = user.write("attached.bin", os.urandom(400_000))
    scheme = "smtp" if door == "submission" else "smtps"
    settings = user.write("muttrc", (
        f"set from={user.address} use_envelope_from=yes certificate_file={user.certificate}\n"
        f'set smtp_url="{scheme}://{user.name_in_urls}@localhost:{user.port(door)}" smtp_pass="{user.password}"\n'
        f"set ssl_starttls=yes ssl_force_tls=yes copy=yes record={user.home / 'sent'}\n"
    ))  # fmt: skip
    user.run("mutt", "-F", settings, "-s", "by mutt", "-a", attached, "--", user.address, given=TEXT.encode())
    assert undated(user.delivered()) == undated(own_copy(user.home / "sent"))    # each is dated when it is written
    assert_carries(user, attached)


def own_copy(mbox: Path) -> bytes:
    """The message as its program keeps it: one in an mbox file, without what was added for keeping it."""
    first, _, message = mbox.read_bytes().partition(b"\n")
    assert first.startswith(b"From ")
    header, separator, body = message.partition(b"\n\n")
    header = ADDED_TO_OWN_COPIES.sub(b"", header + b"\n").removesuffix(b"\n")
    return (header + separator + body.removesuffix(b"\n")).replace(b"\n", b"\r\n")


def undated(message: bytes) -> bytes:
    without, dates = re.subn(rb"\ADate: [^\r\n]+\r\n", b"", message)
    assert dates == 1
    return without


def assert_carries(user: User, attached: Path) -> None:
    """The text and the attachment arrived, as Python's email package reads them."""
    message = email.message_from_bytes(user.delivered(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text = message.get_body()
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT.rstrip("\n")
    (attachment,) = message.iter_attachments()
    assert attachment.get_content() == attached.read_bytes()
