"""Before a mailbox: greeting, capabilities, logins in the clear and in TLS, NOOP and LOGOUT (RFC 3501 6.1, 6.2)."""

import base64

import pytest

from posthouse.doors.imap.services import ImapSettings
from unit.doors.house import PASSWORD
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import ADA, APPLICATION_PASSWORDS, House

WORD = APPLICATION_PASSWORDS[ADA]
PLAIN = base64.b64encode(f"\0{ADA}\0{WORD}".encode()).decode()


def capabilities(client: ImapClient) -> set[bytes]:
    [line] = client.do("CAPABILITY").about(b"CAPABILITY")
    return set(line.split()[2:])


@pytest.fixture
def greeted(house: House) -> ImapClient:
    return house.greeted()


def test_the_greeting_tells_what_may_be_used(house: House) -> None:
    """RFC 3501 7.1: CAPABILITY in the greeting saves a command."""
    house.client().play("S: * OK [CAPABILITY IMAP4rev1 ...] Posthouse is ready")


def test_capabilities_before_login_name_logins_and_tls(greeted: ImapClient) -> None:
    names = capabilities(greeted)
    assert {b"IMAP4rev1", b"STARTTLS", b"AUTH=PLAIN", b"AUTH=LOGIN", b"SASL-IR", b"LITERAL+"} <= names
    assert b"LOGINDISABLED" not in names


def test_capabilities_after_login_name_every_extension_and_no_login(ada: ImapClient) -> None:
    names = capabilities(ada)
    extensions = {b"IDLE", b"UIDPLUS", b"MOVE", b"LITERAL+", b"UNSELECT", b"NAMESPACE", b"SPECIAL-USE"}
    assert extensions <= names
    assert not names & {b"STARTTLS", b"AUTH=PLAIN", b"LOGINDISABLED"}


def test_where_the_clear_is_refused_login_is_disabled_and_says_so(build) -> None:
    """RFC 3501 6.2.3, 11.1."""
    client = build(settings=ImapSettings()).greeted()
    names = capabilities(client)
    assert {b"STARTTLS", b"LOGINDISABLED"} <= names and b"AUTH=PLAIN" not in names
    assert client.do(f"LOGIN {ADA} {WORD}").tagged.startswith(b"NO [PRIVACYREQUIRED]")
    assert client.do(f"AUTHENTICATE PLAIN {PLAIN}").tagged.startswith(b"NO [PRIVACYREQUIRED]")


def test_login_takes_atoms_quoted_strings_and_literals(house: House) -> None:
    """RFC 3501 6.2.3: userid and password are astrings."""
    assert house.greeted().do(f"LOGIN {ADA} {WORD}").code.startswith(b"CAPABILITY IMAP4rev1")
    assert house.greeted().do(f'login "{ADA}" "{WORD}"').is_ok
    octets = [ADA.encode(), WORD.encode()]
    assert house.greeted().do(f"LOGIN {{{len(ADA)}}}\r\n {{{len(WORD)}}}\r\n", *octets).is_ok
    assert house.greeted().do(f"LOGIN {{{len(ADA)}+}}\r\n {{{len(WORD)}+}}\r\n", *octets).is_ok


def test_a_password_that_needs_a_thread_is_waited_for(greeted: ImapClient) -> None:
    greeted.play(f"""
        C: a LOGIN {ADA} "{PASSWORD}"
        C: b NOOP
        S: a OK [CAPABILITY ...
        S: b OK ...
    """)


def test_a_wrong_login_is_refused_and_may_be_tried_again(greeted: ImapClient) -> None:
    assert greeted.do(f"LOGIN {ADA} wrong").code == b"AUTHENTICATIONFAILED"
    assert greeted.do("LOGIN nobody@example.org wrong").code == b"AUTHENTICATIONFAILED"
    assert greeted.do(f"LOGIN {ADA} {WORD}").is_ok


def test_authenticate_plain_with_and_without_an_initial_response(house: House) -> None:
    """RFC 3501 6.2.2, RFC 4959 3."""
    house.greeted().play(f"""
        C: a AUTHENTICATE PLAIN
        S: +...
        C: {PLAIN}
        S: a OK [CAPABILITY ...
    """)
    assert house.greeted().do(f"AUTHENTICATE PLAIN {PLAIN}").is_ok


def test_authenticate_login_asks_twice(greeted: ImapClient) -> None:
    name, word = (base64.b64encode(text.encode()).decode() for text in (ADA, WORD))
    greeted.play(f"""
        C: a authenticate login
        S: + VXNlcm5hbWU6
        C: {name}
        S: + UGFzc3dvcmQ6
        C: {word}
        S: a OK ...
    """)


def test_authenticate_can_be_cancelled_and_what_is_wrong_is_bad(greeted: ImapClient) -> None:
    """RFC 3501 6.2.2: "*" cancels, the answer is BAD; so is what is no base64."""
    greeted.play(f"""
        C: a AUTHENTICATE PLAIN
        S: +...
        C: *
        S: a BAD ...
        C: b AUTHENTICATE PLAIN
        S: +...
        C: no base64 at all
        S: b BAD ...
        C: c AUTHENTICATE PLAIN =
        S: c BAD ...
        C: d AUTHENTICATE KERBEROS_V4
        S: d NO ...
        C: e AUTHENTICATE PLAIN {PLAIN}
        S: e OK ...
    """)


def test_starttls_then_login(build) -> None:
    """RFC 3501 6.2.1: capabilities are told anew, and a login is possible now."""
    client = build(settings=ImapSettings()).greeted()
    assert client.do("STARTTLS").is_ok
    client.secure()
    names = capabilities(client)
    assert b"AUTH=PLAIN" in names and not names & {b"STARTTLS", b"LOGINDISABLED"}
    assert client.do("STARTTLS").is_bad
    assert client.do(f"LOGIN {ADA} {WORD}").is_ok
    assert client.do("SELECT INBOX").is_ok


def test_where_tls_comes_first_login_needs_nothing_more(build) -> None:
    """RFC 8314 3.2."""
    client = build(settings=ImapSettings()).encrypted()
    assert client.response().startswith(b"* OK [CAPABILITY")
    assert b"STARTTLS" not in capabilities(client)
    assert client.do(f"LOGIN {ADA} {WORD}").is_ok


def test_where_there_is_no_tls_starttls_is_not_offered(build) -> None:
    client = build(settings=ImapSettings(starttls_is_available=False, clear_login_is_allowed=True)).greeted()
    assert b"STARTTLS" not in capabilities(client)
    assert client.do("STARTTLS").is_no
    assert client.do("NOOP").is_ok


def test_starttls_after_login_is_bad(ada: ImapClient) -> None:
    assert ada.do("STARTTLS").is_bad


@pytest.mark.parametrize("command", ["SELECT INBOX", 'LIST "" *', "IDLE", "STATUS INBOX (MESSAGES)", "FETCH 1 FLAGS",
                                     "CREATE a", "NAMESPACE", "UID SEARCH ALL", "UNSELECT"])  # fmt: skip
def test_nothing_of_the_mail_is_shown_before_login(greeted: ImapClient, command: str) -> None:
    assert greeted.do(command).is_bad
    assert greeted.do("NOOP").is_ok


@pytest.mark.parametrize("command", ["CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "FETCH 1 FLAGS", "STORE 1 FLAGS ()",
                                     "COPY 1 Sent", "MOVE 1 Sent", "UID EXPUNGE 1", "SEARCH ALL"])  # fmt: skip
def test_what_needs_a_mailbox_is_bad_before_one_is_selected(ada: ImapClient, command: str) -> None:
    assert ada.do(command).is_bad


def test_login_twice_is_bad(ada: ImapClient) -> None:
    assert ada.do(f"LOGIN {ADA} {WORD}").is_bad


def test_logout_says_bye_first_and_the_connection_ends(ada: ImapClient) -> None:
    """RFC 3501 6.1.3."""
    ada.play("""
        C: a LOGOUT
        S: * BYE ...
        S: a OK ...
    """)
    assert ada.hear_end()


def test_logout_tells_no_news_after_bye(house: House) -> None:
    """BYE is the last untagged response of a session that ends (RFC 3501 7.1.5)."""
    client = house.selected()
    house.deliver(b"Subject: late\r\n\r\n")
    answered = client.do("LOGOUT")
    assert answered.untagged[-1].startswith(b"* BYE")


def test_an_unknown_command_is_bad_and_a_line_without_a_tag_too(greeted: ImapClient) -> None:
    greeted.play("""
        C: a XYZZY
        S: a BAD ...
        C:
        S: * BAD ...
        C: b NOOP extra
        S: b BAD ...
        C: c NOOP
        S: c OK ...
    """)


def test_pipelined_commands_are_answered_in_order_around_one_that_waits(house: House) -> None:
    """RFC 3501 5.5: a server may read ahead, and must answer as if it did not."""
    house.greeted().play(f"""
        C: a LOGIN {ADA} "{PASSWORD}"
        C: b SELECT INBOX
        C: c CREATE x
        C: d LIST "" x
        C: e DELETE x
        C: f LIST "" x
        C: g LOGOUT
        S: a OK ...
        S: * FLAGS ...
        S: * OK [PERMANENTFLAGS ...
        S: * 0 EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY ...
        S: * OK [UIDNEXT 1] ...
        S: b OK [READ-WRITE] ...
        S: c OK ...
        S: * LIST (\\HasNoChildren) "/" x
        S: d OK ...
        S: e OK ...
        S: f OK ...
        S: * BYE ...
        S: g OK ...
    """)


def test_one_account_sees_nothing_of_another(house: House) -> None:
    ada, bob = house.logged_in(ADA), house.logged_in("bob@example.org")
    assert ada.do("CREATE secret").is_ok
    assert bob.do("SELECT secret").is_no
    assert not bob.do('LIST "" secret').untagged
    house.deliver(b"Subject: for Ada\r\n\r\n")
    assert bob.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 0)"]
