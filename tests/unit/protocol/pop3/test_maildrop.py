"""A maildrop: numbers never change, marks count at once, unique-ids last for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.pop3.maildrop import Maildrop

UIDS, SIZES = (4, 9, 12), (120, 200, 1)


def test_messages_are_numbered_from_one() -> None:
    """RFC 1939 5: the first message in the maildrop is number 1."""
    maildrop = Maildrop(7, UIDS, SIZES)
    assert [maildrop.has(number) for number in range(5)] == [False, True, True, True, False]
    assert (maildrop.uid(1), maildrop.size_octets(1)) == (4, 120)
    assert (maildrop.messages, maildrop.octets) == (3, 321)


def test_a_marked_message_is_gone_but_keeps_its_number() -> None:
    """RFC 1939 5 DELE: any reference to it is an error; STAT and LIST leave it out; the others keep their numbers."""
    maildrop = Maildrop(7, UIDS, SIZES)
    maildrop.mark(2)
    assert not maildrop.has(2)
    assert (maildrop.messages, maildrop.octets) == (2, 121)
    assert b"".join(maildrop.scan_listings()) == b"1 120\r\n3 1\r\n"
    assert b"".join(maildrop.unique_id_listings()) == b"1 7.4\r\n3 7.12\r\n"
    assert maildrop.marked_uids() == (9,)


def test_rset_brings_everything_back() -> None:
    """RFC 1939 5 RSET: marked messages are unmarked."""
    maildrop = Maildrop(7, UIDS, SIZES)
    maildrop.mark(1)
    maildrop.mark(3)
    maildrop.unmark_all()
    assert (maildrop.messages, maildrop.octets, maildrop.marked_uids()) == (3, 321, ())


def test_a_unique_id_is_uidvalidity_and_uid() -> None:
    """RFC 1939 7 UIDL: 1 to 70 characters of 0x21 to 0x7E, never reused; the largest fits too."""
    assert Maildrop(7, UIDS, SIZES).unique_id(2) == b"7.9"
    longest = Maildrop(2**32 - 1, (2**32 - 1,), (1,)).unique_id(1)
    assert len(longest) <= 70
    assert all(0x21 <= octet <= 0x7E for octet in longest)


def test_each_uid_needs_its_size() -> None:
    with pytest.raises(ValueError, match="3 UIDs, but 2 sizes"):
        Maildrop(7, UIDS, SIZES[:2])


def test_a_big_listing_comes_in_pages() -> None:
    """A million messages are never one string: pages are drawn while they are written."""
    maildrop = Maildrop(7, range(1, 2_501), range(2_500))
    pages = list(maildrop.scan_listings())
    assert [page.count(b"\r\n") for page in pages] == [1_000, 1_000, 500]
    assert pages[1].startswith(b"1001 1000\r\n")
    assert sum(page.count(b"\r\n") for page in maildrop.unique_id_listings()) == 2_500


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**7)), max_size=20), st.data())
def test_marks_add_up(steps: list[tuple[int, int]], data: st.DataObject) -> None:
    """Against a model that keeps a plain list of messages and removes from it."""
    uids = [sum(step for step, _ in steps[: at + 1]) for at in range(len(steps))]
    sizes = [size for _, size in steps]
    maildrop = Maildrop(3, uids, sizes)
    model = {number: (uid, size) for number, (uid, size) in enumerate(zip(uids, sizes, strict=True), 1)}
    for number in data.draw(st.lists(st.integers(0, 21), max_size=20)):
        assert maildrop.has(number) is (number in model)
        if number in model:
            maildrop.mark(number)
            del model[number]
    assert (maildrop.messages, maildrop.octets) == (len(model), sum(size for _, size in model.values()))
    listing = "".join(f"{number} {size}\r\n" for number, (_, size) in model.items())
    assert b"".join(maildrop.scan_listings()) == listing.encode()
    listing = "".join(f"{number} 3.{uid}\r\n" for number, (uid, _) in model.items())
    assert b"".join(maildrop.unique_id_listings()) == listing.encode()
    assert set(maildrop.marked_uids()) == set(uids) - {uid for uid, _ in model.values()}
