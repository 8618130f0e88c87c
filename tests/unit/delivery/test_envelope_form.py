from hypothesis import given
from hypothesis import strategies as st

from posthouse.delivery.envelope_form import envelope_form
from posthouse.message.headers import HeaderSection
from wire_lists import Value, read_value

TERRY: Value = [[b"Terry Gray", None, b"gray", b"cac.washington.edu"]]


def envelope(header: bytes) -> list[Value]:
    value = read_value(envelope_form(HeaderSection.parse(header)))
    assert isinstance(value, list)
    return value


def test_the_example_of_the_standard() -> None:
    """RFC 3501 8: the FETCH response of its sample connection, from the header section that it shows."""
    header = (
        b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
        b"Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
        b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
        b"Message-Id: <B27397-0100000@cac.washington.edu>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
    )
    assert envelope_form(HeaderSection.parse(header)) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) '
        b'((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        b'"<B27397-0100000@cac.washington.edu>")'
    )


def test_absent_fields_are_nil() -> None:
    """RFC 3501 7.4.2 envelope structure."""
    assert envelope(b"") == [None] * 10
    assert envelope(b"X: y\r\n\r\n") == [None] * 10


def test_present_but_empty_texts_are_empty_strings_and_empty_lists_nil() -> None:
    """RFC 3501 7.4.2: "present but empty" Date, Subject, In-Reply-To and Message-ID are the empty string."""
    names = [b"Date", b"Subject", b"From", b"Sender", b"Reply-To", b"To", b"Cc", b"Bcc", b"In-Reply-To", b"Message-ID"]
    header = b"".join(name + b": \r\n" for name in names)
    assert envelope(header) == [b"", b"", None, None, None, None, None, None, b"", b""]


def test_sender_and_reply_to_default_to_from() -> None:
    """RFC 3501 7.4.2: absent or empty, the server sets them to From's value."""
    author: Value = [[None, None, b"a", b"b"]]
    assert envelope(b"From: a@b\r\n\r\n")[2:5] == [author] * 3
    assert envelope(b"From: a@b\r\nSender: \r\nReply-To:,\r\n\r\n")[2:5] == [author] * 3
    other: Value = [[None, None, b"c", b"d"]]
    assert envelope(b"From: a@b\r\nSender: c@d\r\n\r\n")[2:5] == [author, other, author]
    assert envelope(b"From: a@b\r\nReply-To: c@d\r\n\r\n")[2:5] == [author, author, other]
    assert envelope(b"Sender: c@d\r\n\r\n")[2:5] == [None, other, None]


def test_groups_are_marked_at_both_ends() -> None:
    """RFC 3501 7.4.2: a host name of NIL starts a group (its name in the mailbox) or, with a NIL mailbox, ends it."""
    to, cc = b"A Group: Ed <c@a.test>, joe@where.test;, x@y", b"Undisclosed recipients:;"
    assert envelope(b"To: " + to + b"\r\nCc: " + cc + b"\r\n\r\n")[5:7] == [
        [
            [None, None, b"A Group", None],
            [b"Ed", None, b"c", b"a.test"],
            [None, None, b"joe", b"where.test"],
            [None, None, None, None],
            [None, None, b"x", b"y"],
        ],
        [[None, None, b"Undisclosed recipients", None], [None, None, None, None]],
    ]


def test_source_routes_are_given() -> None:
    """RFC 3501 7.4.2: the second member is the at-domain-list."""
    assert envelope(b"To: <@a.test,@b.test:c@d.test>\r\n\r\n")[5] == [[None, b"@a.test,@b.test", b"c", b"d.test"]]


def test_an_address_without_a_domain_is_no_group() -> None:
    assert envelope(b"To: root, John Doe\r\n\r\n")[5] == [[None, None, b"root", b""], [b"John Doe", None, b"", b""]]


def test_quoting_of_rfc_5322_is_removed_and_that_of_imap_added() -> None:
    """RFC 3501 7.4.2: "after removing RFC-2822 quoting"."""
    header = b'From: "A \\"B\\" \\\\ C" <"a \\"b"@x.test>\r\n\r\n'
    assert envelope(header)[2] == [[b'A "B" \\ C', None, b'a "b', b"x.test"]]


def test_encoded_words_stay_and_octets_beyond_ascii_go_as_literals() -> None:
    header = "Subject: =?utf-8?q?=C3=A4?=\r\nFrom: Jö <j@x.test>\r\n\r\n".encode()
    assert envelope(header)[1] == b"=?utf-8?q?=C3=A4?="
    assert "{3}\r\nJö".encode() in envelope_form(HeaderSection.parse(header))
    assert envelope(header)[2] == [["Jö".encode(), None, b"j", b"x.test"]]


def test_fields_are_unfolded() -> None:
    """RFC 5322 2.2.3."""
    assert envelope(b"Subject: one\r\n two\r\n\tthree\r\nTo: a@b,\r\n c@d\r\n\r\n")[1] == b"one two\tthree"
    assert envelope(b"Subject: one\n two\n\n")[1] == b"one two"


def test_repeated_fields_lose_nobody() -> None:
    assert envelope(b"To: a@b\r\nTo: c@d\r\n\r\n")[5] == [[None, None, b"a", b"b"], [None, None, b"c", b"d"]]
    assert envelope(b"Subject: one\r\nSubject: two\r\n\r\n")[1] == b"one"


pieces = st.sampled_from(
    [b"From: ", b"To:", b"Subject: ", b"Date:", b"Sender:", b"\r\n", b"\n", b"a@b", b"<", b">", b",", b";", b":", b'"',
     b"\\", b"(", b"{3}\r\n", b"NIL", b"\xe4", b"\x00", b" "]
)  # fmt: skip


@given(st.binary(max_size=80) | st.lists(pieces, max_size=30).map(b"".join))
def test_every_envelope_is_ten_well_formed_members(header: bytes) -> None:
    """RFC 3501 9: envelope, env-from and address, whatever the header section."""
    members = envelope(header)
    assert len(members) == 10
    for text in (members[0], members[1], members[8], members[9]):
        assert text is None or isinstance(text, bytes)
    for addresses in members[2:8]:
        assert addresses is None or all(isinstance(address, list) and len(address) == 4 for address in addresses)
