"""Reading messages: the forms and bytes of those asked for, in the order asked for (RFC 3501 7.4.2)."""

from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.database.errors import DatabaseError
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.view import View
from posthouse.runtime.disk import SystemDisk
from posthouse.store.messages import NewMessage, Wire, append
from posthouse.store.placements import Placements
from posthouse.store.reading import find_message, find_messages, wire_forms
from small_store import HEADER, INBOX, NOON, Store


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory):
    """A store with 60 messages, every third of which is gone."""
    opened = Store(tmp_path_factory.mktemp("reading"))
    opened.account(1)
    for number in range(1, 61):
        opened.put(body=b"body %d" % number)
    opened.sql("DELETE FROM message WHERE message_id % 3 = 0")
    yield opened
    opened.close()


KEYS = st.lists(st.integers(1, 60).filter(lambda key: key % 3), max_size=50)


@given(KEYS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_forms_come_in_the_order_of_the_keys(full: Store, keys: list[int]) -> None:
    """Dense or sparse, shuffled (COPY shuffles them), repeated (a message may stand in a mailbox twice), none."""
    forms = full.read(wire_forms, array("q", keys), ("envelope", "fields"))
    assert forms == [(b"(envelope of body %d)" % key, b"Subject: test\r\n") for key in keys]
    found = full.read(find_messages, array("q", keys))
    assert [(one.message_id, one.read(SystemDisk(full.path))) for one in found] == [
        (key, HEADER + b"body %d" % key) for key in keys
    ]


@pytest.mark.parametrize("keys", [[3], [1, 2, 3, 4], [1, 3, 58], [61], [1, 2, 4, 600]])
def test_a_message_that_is_not_there_is_an_error_and_never_another(full: Store, keys: list[int]) -> None:
    """A world error that the door answers with NO; never a row too few, which would shift all that follow."""
    with pytest.raises(DatabaseError, match="posthouse check"):
        full.read(wire_forms, array("q", keys), ("envelope",))
    with pytest.raises(DatabaseError, match="posthouse check"):
        full.read(find_messages, array("q", keys))
    if len(keys) == 1:
        with pytest.raises(DatabaseError, match="posthouse check"):
            full.read(find_message, keys[0])


def put_view(store: Store, view: View, spooled: Spooled) -> int:
    def operation(tx):
        blob_id = add_blob(tx, spooled, 1)
        message = NewMessage(blob_id, None, view.encode(), view.size_octets, NOON, Wire(1, b"", b"", b"", b"", b""))
        return append(tx, INBOX, message, ZonedInstant(Instant(NOON), 0), 0, NOON)

    store.write(operation)
    placements: Placements = store.listing().chunks[-1].placements
    return placements.message_ids[-1]


STORED = b"Bcc: secret\r\nSubject: x\r\n\r\n" + b"the body\r\n" * 50


@pytest.mark.parametrize("in_a_file", [False, True])
@given(first=st.integers(0, 700), length=st.none() | st.integers(0, 700))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_message_is_read_through_its_view(full: Store, in_a_file: bool, first: int, length: int | None) -> None:
    """DESIGN 1.2: what was added shows, what was left out does not, wherever one begins to read."""
    disk = SystemDisk(full.path)
    name = f"blobs/{len(disk.names('blobs'))}"
    if in_a_file:
        file = disk.create(name)
        file.write(STORED)
        file.finish()
    view = View.whole(len(STORED), STORED.index(b"\r\n\r\n") + 4).without(0, len(b"Bcc: secret\r\n"))
    view = view.with_prefix(b"Received: here\r\n")
    key = put_view(full, view, Spooled(STORED, b"\0" * 32, name if in_a_file else None))
    found = full.read(find_message, key)
    seen = b"Received: here\r\n" + STORED[len(b"Bcc: secret\r\n"):]
    assert found.lies_in_a_file is in_a_file
    assert found.view.size_octets == len(seen)
    expected = seen[first:] if length is None else seen[first:first + length]
    if length is not None or first <= len(seen):
        assert found.read(disk, first, length) == expected


def test_a_file_that_is_gone_or_too_short_is_an_error(full: Store) -> None:
    """Never a message that ends early: the client would keep it."""
    disk = SystemDisk(full.path)
    view = View.whole(len(STORED), 40)
    missing = put_view(full, view, Spooled(STORED, b"\0" * 32, "blobs/never-written"))
    file = disk.create("blobs/short")
    file.write(STORED[:-1])
    file.finish()
    short = put_view(full, view, Spooled(STORED, b"\0" * 32, "blobs/short"))
    for key in (missing, short):
        with pytest.raises(DatabaseError):
            full.read(find_message, key).read(disk)
