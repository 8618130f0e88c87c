"""Mailboxes: RFC 3501 6.3.3 to 6.3.9, 2.3.1.1 (UIDVALIDITY), RFC 6154 (roles), and STORE.md (tombstones)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.database.identifiers import AccountId
from posthouse.message.dates import Instant
from posthouse.store import mailboxes
from posthouse.store.changes import Kind
from posthouse.store.counters import status_of
from posthouse.store.errors import (
    MailboxExists,
    MailboxHasChildren,
    MailboxNameRefused,
    MailboxProtected,
    NoSuchMailbox,
    TooManyMailboxes,
    TooManySubscriptions,
)
from posthouse.store.mailboxes import (
    INBOX_ID,
    LEVELS_MAX,
    NAME_OCTETS_MAX,
    Role,
    canonical_name,
    create_mailbox,
    delete_mailbox,
    find_mailbox,
    get_mailbox,
    list_mailboxes,
    rename_mailbox,
    subscribe,
    subscriptions,
    unsubscribe,
)
from small_store import ALICE, INBOX, NOON, uids

DAY = 24 * 3600 * 1_000_000
BOB = AccountId(2)


def names(store) -> list[str]:
    return [mailbox.name for mailbox in store.read(list_mailboxes, ALICE)]


def uidvalidity(store, name: str) -> int:
    return store.read(get_mailbox, ALICE, name).uidvalidity


# What an account begins with.


def test_an_account_begins_with_the_usual_mailboxes_and_is_subscribed_to_them(store) -> None:
    """The issue: SPECIAL-USE Inbox, Drafts, Sent, Junk, Trash, Archive (RFC 6154 2)."""
    found = {mailbox.name: mailbox.role for mailbox in store.read(list_mailboxes, ALICE)}
    assert found == {
        "INBOX": Role.INBOX, "Archive": Role.ARCHIVE, "Drafts": Role.DRAFTS, "Junk": Role.JUNK,
        "Sent": Role.SENT, "Trash": Role.TRASH,
    }  # fmt: skip
    assert store.read(subscriptions, ALICE) == sorted(found)
    assert store.read(get_mailbox, ALICE, "INBOX").mailbox_id == INBOX_ID
    assert uids(store.listing(INBOX)) == []


def test_mailboxes_of_another_account_are_its_own(store) -> None:
    store.account(BOB)
    store.mailbox("Private", BOB)
    assert "Private" not in names(store)
    assert store.mailbox("Private").account_id == ALICE


# CREATE (RFC 3501 6.3.3).


def test_a_mailbox_is_made_with_those_above_it(store) -> None:
    """6.3.3: a server SHOULD create superior names that are needed."""
    store.mailbox("Work/2026/Taxes")
    assert {"Work", "Work/2026", "Work/2026/Taxes"} <= set(names(store))
    with pytest.raises(MailboxExists):
        store.mailbox("Work/2026")


@pytest.mark.parametrize("name", ["INBOX", "inbox", "iNbOx"])
def test_inbox_is_one_mailbox_in_every_case(store, name: str) -> None:
    """5.1: INBOX is case-insensitive; 6.3.3: it is an error to create it."""
    assert store.read(get_mailbox, ALICE, name).mailbox_id == INBOX_ID
    with pytest.raises(MailboxExists):
        store.mailbox(name)
    store.mailbox(f"{name}/Sub")
    assert "INBOX/Sub" in names(store)


def test_other_names_keep_their_case_and_letters(store) -> None:
    """Only INBOX folds: a dotless i has "I" for a capital, and is another letter."""
    for name in ("work", "Work", "inboxes", "\u0131nbox", "Entw\u00fcrfe/\u65e5\u672c\u8a9e"):
        store.mailbox(name)
        assert name in names(store)


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "a//b", "/a", "a/", "a\x00b", "a\rb", "a\nb", "a\x7f", "half\ud800", "x" * (NAME_OCTETS_MAX + 1),
        "\u00fc" * (NAME_OCTETS_MAX // 2 + 1), "/".join("a" * (LEVELS_MAX + 1)),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_told_or_kept_is_refused(store, name: str) -> None:
    """Empty levels, control characters, what UTF-8 cannot carry, and what is beyond the limits."""
    before = names(store)
    with pytest.raises(MailboxNameRefused):
        store.mailbox(name)
    assert names(store) == before


@given(st.text(max_size=40))
def test_a_name_is_refused_or_kept_as_it_is(name: str) -> None:
    """The canonical name of a canonical name is itself, and never loses a character."""
    try:
        kept = canonical_name(name)
    except MailboxNameRefused:
        return
    assert canonical_name(kept) == kept
    assert len(kept) == len(name)
    assert kept.encode().decode() == kept


def test_an_account_has_a_limited_number_of_mailboxes(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 1.6. What is refused leaves nothing behind, not even the level above."""
    monkeypatch.setattr(mailboxes, "MAILBOXES_MAX", 8)
    store.mailbox("one")
    with pytest.raises(TooManyMailboxes):
        store.mailbox("two/three")
    assert "two" not in names(store)
    store.mailbox("two")
    with pytest.raises(TooManyMailboxes):
        store.mailbox("four")
    store.write(delete_mailbox, ALICE, "one", NOON)
    store.mailbox("four")


# UIDVALIDITY (RFC 3501 2.3.1.1; STORE.md: never repeated, whatever the clock does).


def test_uidvalidity_is_never_given_twice_even_when_the_clock_goes_back(store) -> None:
    given_before = {mailbox.uidvalidity for mailbox in store.read(list_mailboxes, ALICE)}
    for at in (NOON, NOON, NOON - 400 * DAY, 0, NOON + DAY, NOON - DAY, NOON + DAY):
        store.write(create_mailbox, ALICE, "again", Instant(at))
        fresh = uidvalidity(store, "again")
        assert fresh not in given_before
        assert fresh > max(given_before)
        assert 0 < fresh < 1 << 32
        given_before.add(fresh)
        store.write(delete_mailbox, ALICE, "again", Instant(at))


def test_uidvalidity_is_the_time_where_that_is_later(store) -> None:
    """So that an account made anew on another machine has other values too."""
    store.write(create_mailbox, ALICE, "later", Instant(NOON + DAY))
    assert uidvalidity(store, "later") == (NOON + DAY) // 1_000_000


# DELETE (RFC 3501 6.3.4).


def test_a_deleted_mailbox_is_gone_and_leaves_a_tombstone(store) -> None:
    """STORE.md: DELETE leaves a tombstone for 30 days."""
    where = store.mailbox("Old")
    store.put(where)
    store.write(delete_mailbox, ALICE, "Old", NOON)
    assert "Old" not in names(store)
    assert store.read(find_mailbox, ALICE, "Old") is None
    with pytest.raises(NoSuchMailbox):
        store.read(status_of, *where.key)
    tombstone = store.rows("SELECT name, deleted_at, deleted_modseq FROM mailbox WHERE deleted_at IS NOT NULL")
    assert tombstone == [("Old", NOON, store.rows("SELECT modseq FROM counter WHERE mailbox_id = 0")[0][0])]
    kinds = store.rows("SELECT kind FROM change WHERE mailbox_id = ? ORDER BY modseq", (where.mailbox_id,))
    assert [Kind(kind) for (kind,) in kinds] == [Kind.MADE, Kind.ADD, Kind.DELETED]


def test_a_name_made_again_is_another_mailbox(store) -> None:
    """6.3.3: a new mailbox of an old name has another UIDVALIDITY; its messages are none of the old one's."""
    old = store.mailbox("Again")
    store.put(old)
    before = uidvalidity(store, "Again")
    store.write(delete_mailbox, ALICE, "Again", NOON)
    new = store.mailbox("Again")
    assert new.mailbox_id != old.mailbox_id
    assert uidvalidity(store, "Again") > before
    assert uids(store.listing(new)) == []
    assert store.put(new) == 1


def test_what_holds_others_and_inbox_cannot_be_deleted(store) -> None:
    """6.3.4: DELETE may not remove inferior names, and it is an error to delete INBOX."""
    store.mailbox("Work/2026")
    for name, error in (("INBOX", MailboxProtected), ("Work", MailboxHasChildren), ("None", NoSuchMailbox)):
        with pytest.raises(error):
            store.write(delete_mailbox, ALICE, name, NOON)
    store.write(delete_mailbox, ALICE, "Work/2026", NOON)
    store.write(delete_mailbox, ALICE, "Work", NOON)
    assert "Work" not in names(store)


# RENAME (RFC 3501 6.3.5).


def test_a_renamed_mailbox_stays_the_same_mailbox(store) -> None:
    """STORE.md: RENAME keeps mailbox_id, UIDs and UIDVALIDITY."""
    where = store.mailbox("Before")
    uid = store.put(where)
    validity = uidvalidity(store, "Before")
    store.write(rename_mailbox, ALICE, "Before", "After", NOON)
    after = store.read(get_mailbox, ALICE, "After")
    assert (after.mailbox_id, after.uidvalidity) == (where.mailbox_id, validity)
    assert uids(store.listing(where)) == [uid]
    assert store.read(find_mailbox, ALICE, "Before") is None


def test_a_renamed_mailbox_takes_those_below_along(store) -> None:
    """6.3.5: inferior names MUST also be renamed; superior ones that are needed are made. Neighbours stay."""
    for name in ("a/b/c", "a%b", "ab/c", "a_"):
        store.mailbox(name)
    store.write(rename_mailbox, ALICE, "a", "x/y", NOON)
    found = set(names(store))
    assert {"x", "x/y", "x/y/b", "x/y/b/c", "a%b", "ab", "ab/c", "a_"} <= found
    assert not {"a", "a/b", "a/b/c"} & found


def test_a_rename_that_cannot_be_leaves_everything_as_it_was(store) -> None:
    store.mailbox("a/b")
    store.mailbox("z")
    store.mailbox("long/" + "x" * 900)
    before = names(store)
    for old, new, error in (
        ("none", "new", NoSuchMailbox),
        ("a", "z", MailboxExists),
        ("a", "inbox", MailboxExists),
        ("a", "a", MailboxExists),
        ("a", "a/b/c", MailboxNameRefused),
        ("a", "fresh//level", MailboxNameRefused),
        ("long", "y" * 200, MailboxNameRefused),     # its child would be too long
        ("INBOX", "b", MailboxProtected),
    ):
        with pytest.raises(error):
            store.write(rename_mailbox, ALICE, old, new, NOON)
        assert names(store) == before


def test_a_rename_is_a_record_of_each_mailbox_and_wakes_its_sessions(store) -> None:
    """STORE.md: mailbox renamed is a change record; JMAP tells it, sessions hear of it."""
    parent, child = store.mailbox("p"), store.mailbox("p/c")
    store.announced.clear()
    store.write(rename_mailbox, ALICE, "p", "q", NOON)
    assert store.announced == [{parent.key, child.key}]
    assert store.rows("SELECT body FROM change WHERE kind = ? ORDER BY modseq", (int(Kind.RENAMED),)) == [
        (b"q",), (b"q/c",),
    ]  # fmt: skip


# Subscriptions (RFC 3501 6.3.6, 6.3.7).


def test_a_subscription_outlives_its_mailbox(store) -> None:
    """6.3.6: a server MUST NOT unilaterally remove a name even if a mailbox of it no longer exists."""
    store.mailbox("Fleeting")
    store.write(subscribe, ALICE, "Fleeting")
    store.write(delete_mailbox, ALICE, "Fleeting", NOON)
    store.write(subscribe, ALICE, "never/was")
    assert {"Fleeting", "never/was"} <= set(store.read(subscriptions, ALICE))


def test_subscribing_twice_is_once_and_unsubscribing_what_is_not_there_is_nothing(store) -> None:
    before = store.read(subscriptions, ALICE)
    for _ in range(2):
        store.write(subscribe, ALICE, "inbox")
    assert store.read(subscriptions, ALICE) == before
    for _ in range(2):
        store.write(unsubscribe, ALICE, "iNBOX")
    assert store.read(subscriptions, ALICE) == [name for name in before if name != "INBOX"]


def test_subscriptions_are_limited(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 1.6: a session could subscribe to names without end."""
    monkeypatch.setattr(mailboxes, "SUBSCRIPTIONS_MAX", 7)
    store.write(subscribe, ALICE, "seventh")
    store.write(subscribe, ALICE, "seventh")
    with pytest.raises(TooManySubscriptions):
        store.write(subscribe, ALICE, "eighth")


# Modseqs.


def test_each_change_of_mailboxes_has_a_modseq_of_its_own(store) -> None:
    """STORE.md: each record its own modseq, one counter an account."""
    store.mailbox("a/b/c")
    store.write(rename_mailbox, ALICE, "a", "d", NOON)
    store.write(delete_mailbox, ALICE, "d/b/c", NOON)
    modseqs = [modseq for (modseq,) in store.rows("SELECT modseq FROM change ORDER BY modseq")]
    assert len(modseqs) == len(set(modseqs))
    assert store.rows("SELECT modseq FROM counter WHERE mailbox_id = 0") == [(modseqs[-1],)]
