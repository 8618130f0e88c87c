"""CREATE, DELETE, RENAME, LIST, LSUB, SUBSCRIBE, STATUS, NAMESPACE (RFC 3501 6.3, RFC 2342, RFC 6154)."""

import pytest

from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import SMALL, House

MADE_WITH_THE_ACCOUNT = [
    b'* LIST (\\HasNoChildren \\Archive) "/" Archive',
    b'* LIST (\\HasNoChildren \\Drafts) "/" Drafts',
    b'* LIST (\\HasNoChildren) "/" INBOX',
    b'* LIST (\\HasNoChildren \\Junk) "/" Junk',
    b'* LIST (\\HasNoChildren \\Sent) "/" Sent',
    b'* LIST (\\HasNoChildren \\Trash) "/" Trash',
]


def names(client: ImapClient, command: str) -> list[str]:
    return [line.rpartition(b" ")[2].decode() for line in client.do(command).untagged]


@pytest.fixture
def empty(ada: ImapClient) -> ImapClient:
    """An account that has INBOX alone, and no subscription."""
    for name in ("Archive", "Drafts", "Junk", "Sent", "Trash", "INBOX"):
        assert ada.do(f"UNSUBSCRIBE {name}").is_ok
        assert name == "INBOX" or ada.do(f"DELETE {name}").is_ok
    return ada


# ---- CREATE ----------------------------------------------------------------------------------------------------------


def test_create_makes_the_levels_above(empty: ImapClient) -> None:
    """RFC 3501 6.3.3: superior names SHOULD be created."""
    assert empty.do("CREATE a/b/c").is_ok
    assert names(empty, 'LIST "" *') == ["INBOX", "a", "a/b", "a/b/c"]
    assert empty.do("CREATE a/b").code == b"ALREADYEXISTS"


def test_create_with_a_separator_at_the_end_makes_the_name_without_it(empty: ImapClient) -> None:
    """RFC 3501 6.3.3: the client declares that names below will follow; such a server MUST ignore it."""
    assert empty.do("CREATE work/").is_ok
    assert empty.do("CREATE work/projects").is_ok
    assert names(empty, 'LIST "" *') == ["INBOX", "work", "work/projects"]


@pytest.mark.parametrize("name", ["INBOX", "inbox", "Inbox/", "Sent"])
def test_create_of_what_is_there_already_is_refused(ada: ImapClient, name: str) -> None:
    """RFC 3501 6.3.3: it is an error to create INBOX, or a mailbox that exists."""
    assert ada.do(f"CREATE {name}").code == b"ALREADYEXISTS"


@pytest.mark.parametrize("name", ['"//"', '"/x"', '"x//y"', '"/"', '"x//"'])
def test_a_level_cannot_be_empty(ada: ImapClient, name: str) -> None:
    assert ada.do(f"CREATE {name}").code == b"CANNOT"


@pytest.mark.parametrize("name", ['""', '"a\tb"', "&", "&Jjo", "&AGE-", "gr\xfcn", "x" * 1001])
def test_what_is_no_mailbox_name_is_bad(ada: ImapClient, name: str) -> None:
    """RFC 3501 5.1.3: modified UTF-7 has one spelling for a name."""
    assert ada.do(b"CREATE " + name.encode("latin-1")).is_bad


def test_names_travel_in_modified_utf7(empty: ImapClient) -> None:
    """RFC 3501 5.1.3."""
    assert empty.do("CREATE &ZeVnLIqe-/Tom&-Jerry").is_ok
    assert empty.do('LIST "" *').untagged == [
        b'* LIST (\\HasNoChildren) "/" INBOX',
        b'* LIST (\\HasChildren) "/" &ZeVnLIqe-',
        b'* LIST (\\HasNoChildren) "/" &ZeVnLIqe-/Tom&-Jerry',
    ]
    assert empty.do("SELECT &ZeVnLIqe-/Tom&-Jerry").is_ok


def test_names_with_blanks_and_quotes_and_wildcards_come_back_quoted(empty: ImapClient) -> None:
    for name in ('"a b"', '"say \\"hi\\""', '"back\\\\slash"', '"50%"', '"*"', '"(x)"'):
        assert empty.do(f"CREATE {name}").is_ok
        assert empty.do(f"STATUS {name} (MESSAGES)").untagged == [f"* STATUS {name} (MESSAGES 0)".encode()]
        assert empty.do(f"DELETE {name}").is_ok


def test_an_account_has_a_limit_of_levels(ada: ImapClient) -> None:
    assert ada.do("CREATE " + "/".join("x" * 50)).is_ok
    assert ada.do("CREATE " + "/".join("y" * 51)).code == b"CANNOT"


# ---- DELETE ----------------------------------------------------------------------------------------------------------


def test_delete_takes_the_mailbox_and_its_messages_away(ada: ImapClient) -> None:
    ada.do("CREATE x")
    ada.append(SMALL, "x")
    assert ada.do("DELETE x").is_ok
    assert ada.do("SELECT x").code == b"NONEXISTENT"
    assert ada.do("DELETE x").code == b"NONEXISTENT"
    ada.do("CREATE x")
    assert ada.do("STATUS x (MESSAGES UIDNEXT)").untagged == [b"* STATUS x (MESSAGES 0 UIDNEXT 1)"]


def test_inbox_cannot_be_deleted(ada: ImapClient) -> None:
    """RFC 3501 6.3.4."""
    assert ada.do("DELETE inbox").code == b"CANNOT"


def test_a_mailbox_with_others_below_is_not_deleted_before_them(ada: ImapClient) -> None:
    """RFC 3501 6.3.4: DELETE must not remove inferior names; here no name without a mailbox is ever left."""
    ada.do("CREATE a/b")
    assert ada.do("DELETE a").code == b"HASCHILDREN"
    assert ada.do("DELETE a/b").is_ok
    assert ada.do("DELETE a").is_ok


# ---- RENAME ----------------------------------------------------------------------------------------------------------


def test_rename_takes_the_names_below_along(empty: ImapClient) -> None:
    """RFC 3501 6.3.5: inferior names MUST be renamed too; superior ones SHOULD be created."""
    empty.do("CREATE foo/bar/baz")
    empty.do("CREATE foobar")
    assert empty.do("RENAME foo zap/zop").is_ok
    assert names(empty, 'LIST "" *') == ["INBOX", "foobar", "zap", "zap/zop", "zap/zop/bar", "zap/zop/bar/baz"]


def test_rename_refuses_what_cannot_be(ada: ImapClient) -> None:
    ada.do("CREATE a/b")
    assert ada.do("RENAME nowhere x").code == b"NONEXISTENT"
    assert ada.do("RENAME a Sent").code == b"ALREADYEXISTS"
    assert ada.do("RENAME a a").code == b"ALREADYEXISTS"
    assert ada.do("RENAME a INBOX").code == b"ALREADYEXISTS"
    assert ada.do("RENAME a a/b/c").code == b"CANNOT"
    assert ada.do('RENAME a "x//y"').code == b"CANNOT"
    assert names(ada, 'LIST "" a*') == ["a", "a/b"]


def test_rename_that_fails_below_renames_nothing(empty: ImapClient) -> None:
    """All or nothing: one of the names below would be too long."""
    long = "x" * 900
    empty.do(f"CREATE a/{long}")
    assert empty.do(f"RENAME a {'y' * 200}").code == b"CANNOT"
    assert names(empty, 'LIST "" %') == ["INBOX", "a"]


def test_rename_inbox_moves_its_messages_and_leaves_it(house: House) -> None:
    """RFC 3501 6.3.5: the inferior names of INBOX are unaffected."""
    house.deliver(SMALL, SMALL)
    client = house.selected()
    client.do("STORE 2 +FLAGS (\\Flagged)")
    client.do("CREATE INBOX/below")
    answered = client.do("RENAME INBOX old-mail")
    assert answered.is_ok
    assert answered.untagged == [b"* 2 EXPUNGE", b"* 1 EXPUNGE"]
    assert client.do("STATUS INBOX (MESSAGES UIDNEXT)").untagged == [b"* STATUS INBOX (MESSAGES 0 UIDNEXT 3)"]
    assert names(client, 'LIST "" INBOX*') == ["INBOX", "INBOX/below"]
    client.do("SELECT old-mail")
    assert client.flags(2) - {b"\\Recent"} == {b"\\Flagged"}
    assert client.do("RENAME INBOX old-mail").code == b"ALREADYEXISTS"


def test_a_session_goes_on_in_a_mailbox_that_another_one_renamed(house: House) -> None:
    """RFC 2180 3.4: the mailbox is the same, whatever it is called."""
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.append(SMALL, "x")
    client.do("SELECT x")
    assert other.do("RENAME x y").is_ok
    assert client.do("STORE 1 +FLAGS (\\Seen)").is_ok
    other.do("SELECT y")
    assert b"\\Seen" in other.flags(1)


# ---- LIST ------------------------------------------------------------------------------------------------------------


def test_list_tells_the_mailboxes_and_their_special_use(ada: ImapClient) -> None:
    """RFC 6154 2: attributes may be told in any LIST."""
    assert ada.do('LIST "" *').untagged == MADE_WITH_THE_ACCOUNT


def test_list_can_ask_for_special_use_alone(ada: ImapClient) -> None:
    """RFC 6154 3."""
    special = [line for line in MADE_WITH_THE_ACCOUNT if b"INBOX" not in line]
    assert ada.do('LIST (SPECIAL-USE) "" *').untagged == special
    assert ada.do('LIST "" * RETURN (SPECIAL-USE)').untagged == MADE_WITH_THE_ACCOUNT
    assert ada.do('LIST (REMOTE) "" *').is_bad


def test_special_use_goes_with_a_mailbox_that_is_renamed(ada: ImapClient) -> None:
    ada.do("RENAME Sent gone-out")
    assert ada.do('LIST "" gone-out').untagged == [b'* LIST (\\HasNoChildren \\Sent) "/" gone-out']


def test_list_with_an_empty_pattern_tells_the_separator(ada: ImapClient) -> None:
    """RFC 3501 6.3.8."""
    assert ada.do('LIST "" ""').untagged == [b'* LIST (\\Noselect) "/" ""']


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('"" *', ["INBOX", "a", "a/b", "a/b/c", "ab"]),
        ('"" %', ["INBOX", "a", "ab"]),
        ('"" %/%', ["a/b"]),
        ('"" a%', ["a", "ab"]),
        ('"" a*', ["a", "a/b", "a/b/c", "ab"]),
        ('"" "a/%"', ["a/b"]),
        ('a/ %', ["a/b"]),
        ('a/ *', ["a/b", "a/b/c"]),
        ('a *', ["a", "a/b", "a/b/c", "ab"]),
        ('"" inbox', ["INBOX"]),
        ('"" InB%', ["INBOX"]),
        ('"" A', []),
        ('"" "*c"', ["a/b/c"]),
        ('"" nowhere', []),
    ],
)
def test_patterns(empty: ImapClient, arguments: str, found: list[str]) -> None:
    """RFC 3501 6.3.8: "*" crosses levels, "%" does not; the reference stands before the pattern."""
    empty.do("CREATE a/b/c")
    empty.do("CREATE ab")
    assert names(empty, f"LIST {arguments}") == found


def test_children_are_told(empty: ImapClient) -> None:
    """RFC 3348 3."""
    empty.do("CREATE a/b")
    assert empty.do('LIST "" a*').untagged == [
        b'* LIST (\\HasChildren) "/" a', b'* LIST (\\HasNoChildren) "/" a/b'
    ]  # fmt: skip


# ---- SUBSCRIBE, LSUB -------------------------------------------------------------------------------------------------


def test_a_new_account_is_subscribed_to_its_mailboxes(ada: ImapClient) -> None:
    assert names(ada, 'LSUB "" *') == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]


def test_subscriptions_outlive_their_mailboxes(empty: ImapClient) -> None:
    """RFC 3501 6.3.6: a name MUST NOT be removed because its mailbox is gone, or was never there."""
    empty.do("CREATE x")
    empty.do("SUBSCRIBE x")
    empty.do("DELETE x")
    assert empty.do("SUBSCRIBE never-there").is_ok
    assert names(empty, 'LSUB "" *') == ["never-there", "x"]
    assert empty.do("UNSUBSCRIBE x").is_ok
    assert empty.do("UNSUBSCRIBE x").is_ok
    assert names(empty, 'LSUB "" *') == ["never-there"]


def test_subscribing_twice_is_one_subscription(empty: ImapClient) -> None:
    assert empty.do("SUBSCRIBE inbox").is_ok
    assert empty.do("SUBSCRIBE INBOX").is_ok
    assert names(empty, 'LSUB "" *') == ["INBOX"]


def test_lsub_with_a_percent_tells_the_levels_above(empty: ImapClient) -> None:
    """RFC 3501 6.3.9: foo, that is not subscribed to itself, comes as \\Noselect."""
    for name in ("foo/bar", "foo/zap/deep", "top"):
        empty.do(f"SUBSCRIBE {name}")
    assert empty.do('LSUB "" %').untagged == [b'* LSUB () "/" top', b'* LSUB (\\Noselect) "/" foo']
    assert empty.do('LSUB "" foo/%').untagged == [b'* LSUB () "/" foo/bar', b'* LSUB (\\Noselect) "/" foo/zap']
    assert names(empty, 'LSUB "" *') == ["foo/bar", "foo/zap/deep", "top"]
    empty.do("SUBSCRIBE foo")
    assert empty.do('LSUB "" %').untagged == [b'* LSUB () "/" foo', b'* LSUB () "/" top']


def test_rename_leaves_subscriptions_alone(empty: ImapClient) -> None:
    empty.do("CREATE a")
    empty.do("SUBSCRIBE a")
    empty.do("RENAME a b")
    assert names(empty, 'LSUB "" *') == ["a"]


def test_what_can_be_no_name_cannot_be_subscribed_to(ada: ImapClient) -> None:
    assert ada.do('SUBSCRIBE "a//b"').code == b"CANNOT"


# ---- STATUS, NAMESPACE -----------------------------------------------------------------------------------------------


def test_status_tells_what_was_asked_in_that_order(house: House) -> None:
    house.deliver(SMALL, SMALL)
    client = house.selected()
    client.do("STORE 1 +FLAGS (\\Seen)")
    [line] = client.do("STATUS inbox (UNSEEN UIDNEXT MESSAGES RECENT UIDVALIDITY)").untagged
    assert line.startswith(b"* STATUS INBOX (UNSEEN 1 UIDNEXT 3 MESSAGES 2 RECENT 0 UIDVALIDITY ")


@pytest.mark.parametrize("command", ["STATUS INBOX ()", "STATUS INBOX (SIZE)", "STATUS INBOX", "STATUS (MESSAGES)"])
def test_a_status_that_asks_for_nothing_known_is_bad(ada: ImapClient, command: str) -> None:
    assert ada.do(command).is_bad


def test_status_of_no_mailbox(ada: ImapClient) -> None:
    assert ada.do("STATUS nowhere (MESSAGES)").code == b"NONEXISTENT"


def test_status_counts_what_is_moved_copied_marked_and_expunged(house: House) -> None:
    house.deliver(SMALL, SMALL, SMALL)
    client = house.selected()

    def counted(mailbox: str) -> list[bytes]:
        return client.do(f"STATUS {mailbox} (MESSAGES UNSEEN)").untagged

    client.do("STORE 1,2 +FLAGS (\\Seen)")
    client.do("COPY 1:3 Archive")
    assert counted("Archive") == [b"* STATUS Archive (MESSAGES 3 UNSEEN 1)"]
    client.do("MOVE 2:3 Archive")
    assert counted("Archive") == [b"* STATUS Archive (MESSAGES 5 UNSEEN 2)"]
    assert counted("INBOX") == [b"* STATUS INBOX (MESSAGES 1 UNSEEN 0)"]
    client.do("STORE 1 -FLAGS (\\Seen)")
    assert counted("INBOX") == [b"* STATUS INBOX (MESSAGES 1 UNSEEN 1)"]
    client.do("STORE 1 FLAGS (\\Deleted)")
    client.do("EXPUNGE")
    assert counted("INBOX") == [b"* STATUS INBOX (MESSAGES 0 UNSEEN 0)"]


def test_there_is_one_personal_namespace(ada: ImapClient) -> None:
    """RFC 2342 5."""
    assert ada.do("NAMESPACE").untagged == [b'* NAMESPACE (("" "/")) NIL NIL']


def test_the_commands_about_mailboxes_tell_news_of_the_selected_one(house: House) -> None:
    """RFC 3501 7: what changed may be told with any answer but FETCH's, STORE's and SEARCH's."""
    client = house.selected()
    for number, command in enumerate(["CREATE x", 'LIST "" x', "SUBSCRIBE x", "DELETE x", "NAMESPACE"], 1):
        house.deliver(SMALL)
        assert b"* %d EXISTS" % number in client.do(command).untagged
