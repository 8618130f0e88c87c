"""Real programs collect by POP3 on 110 (STLS) and 995 (TLS), octet for octet."""

import poplib

import pytest

from interop.user import User, letter, long_letter, needs, with_bare_lf

pytestmark = pytest.mark.interop

both_doors = pytest.mark.parametrize("door", ["pop3", "pop3s"])


@pytest.fixture
def letters(user: User) -> list[bytes]:
    """What stands in the INBOX."""
    kept = [letter(user, "one"), long_letter(user, "two"), letter(user, "three")]
    user.put(*kept)
    return kept


@both_doors
def test_poplib(user: User, letters: list[bytes], door: str) -> None:
    if door == "pop3s":
        client: poplib.POP3 = user.pop3()
    else:
        client = poplib.POP3("localhost", user.port(door))
        client.stls(user.tls_context())
        client.user(user.address)
        client.pass_(user.password)
    assert client.stat() == (3, sum(map(len, letters)))
    assert [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in (1, 2, 3)] == letters
    assert len({line.split()[1] for line in client.uidl()[1]}) == 3
    client.dele(2)
    client.quit()
    assert user.kept() == [letters[0], letters[2]]


@needs("curl")
@both_doors
def test_curl(user: User, letters: list[bytes], door: str) -> None:
    def curl(path: str, *options: str) -> bytes:
        return user.run(
            "curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", user.certificate,
            "--user", f"{user.address}:{user.password}", *options, f"{door}://localhost:{user.port(door)}/{path}",
        )  # fmt: skip

    sizes = [line.split() for line in curl("").splitlines()]
    assert sizes == [[b"%d" % number, b"%d" % len(kept)] for number, kept in enumerate(letters, 1)]
    assert [curl(str(number)) for number in (1, 2, 3)] == letters
    assert curl("", "--request", "TOP 1 0") == letters[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    curl("3", "--request", "DELE", "--head")
    assert user.kept() == letters[:2]


@needs("fetchmail")
@both_doors
def test_fetchmail(user: User, letters: list[bytes], door: str) -> None:
    tls = "ssl" if door == "pop3s" else "sslproto TLS1.2+"
    assert fetched(user, door, f"{tls} keep") == [with_bare_lf(kept) for kept in letters]
    assert user.kept() == letters
    assert fetched(user, door, f"{tls} nokeep fetchall") == [with_bare_lf(kept) for kept in letters]
    assert user.kept() == []


@needs("fetchmail")
def test_fetchmail_knows_by_uidl_what_it_has(user: User, letters: list[bytes]) -> None:
    """Unique-ids are the same in every session, and another for every message."""
    assert len(fetched(user, "pop3s", "ssl keep", "uidl")) == 3
    added = letter(user, "four")
    user.put(added)
    assert fetched(user, "pop3s", "ssl keep", "uidl") == [with_bare_lf(added)]


def fetched(user: User, door: str, options: str, protocol_options: str = "") -> list[bytes]:
    """Collect with fetchmail; the messages that it handed on, in order."""
    folder = user.home / "fetched"
    folder.mkdir(exist_ok=True)
    take = user.write("take", f'#!/bin/sh\nexec cat > "{folder}/$(date +%s.%N)"\n')
    take.chmod(0o700)
    settings = user.write("fetchmailrc", (
        f"set no bouncemail\npoll localhost protocol pop3 service {user.port(door)} {protocol_options}\n"
        f'user "{user.address}" password "{user.password}" {options} no rewrite\n'
        f'sslcertck sslcertfile "{user.certificate}" mda "{take}"\n'
    ))  # fmt: skip
    user.run("fetchmail", "--fetchmailrc", settings, "--idfile", user.home / "ids", "--invisible", "--silent")
    files = sorted(folder.iterdir())
    found = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    return found
