"""Python's own IMAP client as the oracle of the wire: what it reads of our answers is what was put in."""

import imaplib
from collections.abc import Iterator

import pytest

from unit.doors.imap.house import ADA, APPLICATION_PASSWORDS, SMALL, House
from unit.doors.loop import SECONDS


@pytest.fixture
def client(house: House) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=SECONDS)
    assert client.login(ADA, APPLICATION_PASSWORDS[ADA])[0] == "OK"
    yield client
    client.logout()


def test_it_reads_what_it_has_appended(client: imaplib.IMAP4) -> None:
    name = '"say \\"hi\\" 100%"'
    assert client.create(name)[0] == "OK"
    assert client.append(name, "(\\Seen $Label1)", '"17-Jul-1996 02:44:25 -0700"', SMALL)[0] == "OK"
    assert client.select(name) == ("OK", [b"1"])
    typ, [(head, octets), tail] = client.fetch("1", "(FLAGS INTERNALDATE BODY.PEEK[] ENVELOPE)")
    assert typ == "OK" and octets == SMALL
    assert imaplib.ParseFlags(head) == (b"\\Recent", b"\\Seen", b"$Label1")
    assert b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"' in head and b'"hello"' in tail


def test_it_searches_stores_copies_and_expunges(client: imaplib.IMAP4) -> None:
    for _ in range(3):
        client.append("INBOX", "", None, SMALL)
    client.select()
    assert client.search(None, "UNSEEN", "SUBJECT", "hello") == ("OK", [b"1 2 3"])
    assert client.store("1:2", "+FLAGS", "(\\Deleted)")[0] == "OK"
    assert client.copy("3", "Archive")[0] == "OK"
    assert client.expunge() == ("OK", [b"2", b"1"])
    assert client.uid("SEARCH", "ALL") == ("OK", [b"3"])
    assert client.status("Archive", "(MESSAGES UNSEEN)") == ("OK", [b"Archive (MESSAGES 1 UNSEEN 1)"])
    assert client.close()[0] == "OK"


def test_it_lists_and_subscribes(client: imaplib.IMAP4) -> None:
    client.create("a/b")
    client.subscribe("a/b")
    assert client.list("a/", "*") == ("OK", [b'(\\HasNoChildren) "/" a/b'])
    assert client.lsub('""', "a/*") == ("OK", [b'() "/" a/b'])
    assert client.namespace() == ("OK", [b'(("" "/")) NIL NIL'])
    assert client.rename("a/b", "c")[0] == "OK"
    assert client.delete("c")[0] == "OK"
