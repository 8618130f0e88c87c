"""Responses (RFC 3501 7) as octets, with imaplib as one reader of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap import codes, responses
from posthouse.protocol.imap.commands import StatusItem
from posthouse.protocol.imap.flags import RECENT, SEEN, SYSTEM_FLAGS, Flag
from posthouse.protocol.imap.mailbox_names import INBOX, MailboxName
from posthouse.protocol.imap.responses import Completion, Condition, ListAttribute

STATUS_RESPONSE = re.compile(rb"(\*|a1) (OK|NO|BAD|BYE) (\[[^\]\r\n]+\] )?[\x01-\x09\x0b\x0c\x0e-\x7f]+\r\n")


@given(st.text(min_size=1), st.sampled_from(Condition), st.sampled_from([None, codes.TRYCREATE, codes.uidnext(7)]))
def test_no_text_breaks_out_of_a_status_response(text: str, condition: Condition, code: codes.Code | None) -> None:
    """RFC 3501 9: text is ASCII without CR and LF; what a text quotes came from a peer and may hold anything."""
    assert STATUS_RESPONSE.fullmatch(Completion(condition, text, code).encode(b"a1"))
    assert STATUS_RESPONSE.fullmatch(responses.untagged(condition, text, code))
    assert STATUS_RESPONSE.fullmatch(responses.bye(text, code))


def test_status_responses_bear_their_code() -> None:
    completion = Completion(Condition.NO, "make it first", codes.TRYCREATE)
    assert completion.encode(b"a1") == b"a1 NO [TRYCREATE] make it first\r\n"
    assert responses.untagged(Condition.OK, "ready") == b"* OK ready\r\n"
    assert responses.bye("idle for too long", codes.UNAVAILABLE) == b"* BYE [UNAVAILABLE] idle for too long\r\n"


@pytest.mark.parametrize(("octets", "expected"), [
    (responses.exists(23), b"* 23 EXISTS\r\n"),    # RFC 3501 7.3.1
    (responses.recent(5), b"* 5 RECENT\r\n"),    # 7.3.2
    (responses.expunge([44, 44, 3]), b"* 44 EXPUNGE\r\n* 44 EXPUNGE\r\n* 3 EXPUNGE\r\n"),    # 7.4.1
    (responses.flags(SYSTEM_FLAGS), b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"),    # 7.2.6
    (responses.flags([]), b"* FLAGS ()\r\n"),
    (responses.search([2, 84, 882]), b"* SEARCH 2 84 882\r\n"),    # 7.2.5
    (responses.search([]), b"* SEARCH\r\n"),
    (responses.continuation(b""), b"+ \r\n"),    # 7.5
    (responses.continuation(b"UGFzcw=="), b"+ UGFzcw==\r\n"),
    (responses.HIERARCHY, b'* LIST (\\Noselect) "/" ""\r\n'),    # 6.3.8
    (responses.NAMESPACES, b'* NAMESPACE (("" "/")) NIL NIL\r\n'),    # RFC 2342 5
    (responses.listed([ListAttribute.HAS_NO_CHILDREN, ListAttribute.SENT], MailboxName("Sent Mail")),
     b'* LIST (\\HasNoChildren \\Sent) "/" "Sent Mail"\r\n'),    # 7.2.2, RFC 6154 5
    (responses.subscribed([], INBOX), b'* LSUB () "/" INBOX\r\n'),    # 7.2.3
    (responses.status(MailboxName("blurdybloop"), [(StatusItem.MESSAGES, 231), (StatusItem.UIDNEXT, 44292)]),
     b"* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\r\n"),    # 7.2.4
    (responses.capability([b"IMAP4rev1", b"IDLE"]), b"* CAPABILITY IMAP4rev1 IDLE\r\n"),    # 7.2.1
])  # fmt: skip
def test_untagged_responses_are_those_of_the_standard(octets: bytes, expected: bytes) -> None:
    assert octets == expected


@pytest.mark.parametrize(("code", "expected"), [
    (codes.uidnext(4392), b"UIDNEXT 4392"),    # RFC 3501 7.1
    (codes.uidvalidity(3857529045), b"UIDVALIDITY 3857529045"),
    (codes.unseen(12), b"UNSEEN 12"),
    (codes.permanentflags([SEEN, codes.NEW_KEYWORDS]), b"PERMANENTFLAGS (\\Seen \\*)"),
    (codes.permanentflags([]), b"PERMANENTFLAGS ()"),
    (codes.appenduid(38505, 3955), b"APPENDUID 38505 3955"),    # RFC 4315 3
    (codes.copyuid(38505, [304, 319, 320], [3956, 3957, 3958]), b"COPYUID 38505 304,319:320 3956:3958"),
    (codes.badcharset([b"UTF-8", b"US-ASCII"]), b"BADCHARSET (UTF-8 US-ASCII)"),
    (codes.capability([b"IMAP4rev1"]), b"CAPABILITY IMAP4rev1"),
])  # fmt: skip
def test_codes_are_those_of_the_standards(code: codes.Code, expected: bytes) -> None:
    assert code == expected


def test_capabilities_say_how_a_peer_may_log_in() -> None:
    """RFC 3501 7.2.1: IMAP4rev1 must be named; 6.2.3: LOGINDISABLED where no login is possible before TLS."""
    clear = responses.capabilities_before_login((), tls_is_offered=True)
    assert {b"IMAP4rev1", b"STARTTLS", b"LOGINDISABLED", b"SASL-IR"} <= set(clear)
    tls = responses.capabilities_before_login(("PLAIN",), tls_is_offered=False)
    assert {b"IMAP4rev1", b"AUTH=PLAIN", b"SASL-IR"} <= set(tls)
    assert not {b"STARTTLS", b"LOGINDISABLED"} & set(tls)
    assert not {b"STARTTLS", b"LOGINDISABLED", b"AUTH=PLAIN"} & set(responses.CAPABILITIES)


def test_flags_are_written_as_they_are() -> None:
    assert responses.encode_flags([SEEN, RECENT, Flag("$Junk")]) == b"(\\Seen \\Recent $Junk)"


def test_no_text_ends_as_the_announcement_of_a_literal_does() -> None:
    """RFC 3501 4.3: a client would wait for its octets; a mailbox of that name can be asked for."""
    assert responses.bye("there is no mailbox {5}") == b"* BYE there is no mailbox {5}.\r\n"
    assert Completion(Condition.NO, "{0}").encode(b"a") == b"a NO {0}.\r\n"
