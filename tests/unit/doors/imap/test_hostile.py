"""Peers that mean no good, or no IMAP: each is answered, or ended, and takes nothing away from the others."""

import random
import time

import pytest

from posthouse.doors.imap.services import ImapSettings
from posthouse.store.placements import DELETED, SEEN
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import ADA, APPLICATION_PASSWORDS, SMALL, House

SOON = 3.0    # seconds; what is asked here takes milliseconds, and would take minutes if it were badly done


def is_alive(house: House) -> bool:
    return house.logged_in().do("NOOP").is_ok


# ---- before login ----------------------------------------------------------------------------------------------------


def test_a_peer_that_talks_before_the_greeting_is_told_so(house: House) -> None:
    """Issue 4: it is no mail program that does not wait (RFC 3501 3). Nothing of what it says is read."""
    client = house.in_loop(lambda: house.client(speak_first=b"a LOGIN ada x\r\nb LOGOUT\r\n"))
    client.play("S: * BYE you spoke before the greeting, wait for it (RFC 3501 3), closing")
    assert client.hear_end()


@pytest.mark.parametrize("behind", [b"b LOGIN eve secret\r\n", b"b", b"\r\n", b"\x16\x03\x01"])
def test_nothing_said_in_the_clear_behind_starttls_is_done(build, behind: bytes) -> None:
    """RFC 3501 6.2.1, CVE-2011-0411: what someone in between put there must not come to life inside TLS."""
    client = build(settings=ImapSettings()).greeted()
    client.send(b"a STARTTLS\r\n" + behind)
    assert client.response().startswith(b"a BAD ")
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


def test_what_was_said_before_starttls_is_forgotten(build) -> None:
    client = build(settings=ImapSettings()).greeted()
    for _ in range(19):
        assert client.do("NONSENSE").is_bad
    assert client.do("STARTTLS").is_ok
    client.secure()
    for _ in range(19):
        assert client.do("NONSENSE").is_bad
    assert client.do(f"LOGIN {ADA} {APPLICATION_PASSWORDS[ADA]}").is_ok


def test_another_protocol_is_ended_after_some_lines(house: House) -> None:
    client = house.greeted()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"X-Header: 1\r\n" * 30 + b"\r\na LOGOUT\r\n")
    said = [line for line in client.rest().split(b"\r\n") if line]
    assert all(line.split()[1] == b"BAD" for line in said[:-1])
    assert said[-1].startswith(b"* BYE ") and len(said) == 21


@pytest.mark.parametrize("seed", range(20))
def test_pipelined_garbage_is_answered_or_ended(house: House, seed: int) -> None:
    """Never a fault of ours, whatever the octets."""
    chance = random.Random(seed)
    words = [b"a", b" ", b"LOGIN", b"FETCH", b"{5}", b"{5+}", b"{99999999999}", b'"', b"\\", b"\r\n", b"\r", b"\n",
             b"\0", b"(", b")", b"*", b"%", b"\xff", b"APPEND INBOX ", b"1:*", b"BODY[", b"]", b"<0.1>", b"IDLE",
             b"DONE"]  # fmt: skip
    client = house.greeted() if seed % 2 else house.selected()
    for _ in range(40):
        try:
            client.send(b"".join(chance.choices(words, k=50)) + b"\r\n")
        except OSError:    # ended
            break
    client.socket.close()
    house.wait_until(lambda: len(house.connections) == 0)
    assert is_alive(house)


def test_a_line_without_end_before_login_is_refused_and_then_ended(house: House) -> None:
    client = house.greeted()
    client.send(b"a LOGIN " + b"x" * 300_000)
    assert client.response().startswith(b"a BAD ")
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


def test_a_literal_of_4_gigabytes_before_login_is_refused(house: House) -> None:
    """RFC 3501 4.3: it is not sent without leave; RFC 7888 4: sent without, it is not worth reading."""
    client = house.greeted()
    for size in ("4294967295", "4294967296", "9" * 40, "9" * 100):
        assert client.do(f"LOGIN {{{size}}}").is_bad
    assert client.do("NOOP").is_ok
    client.begin("LOGIN {4294967295+}")
    assert client.response().startswith(b"t6 BAD ")
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


def test_many_small_literals_do_not_add_up(house: House) -> None:
    client = house.greeted()
    client.begin("LOGIN {4096}")
    assert client.response().startswith(b"+ ")
    client.send(b"x" * 4096 + b" {4096}\r\n")
    assert client.response().startswith(b"+ ")
    client.send(b"x" * 4096 + b" {1}\r\n")
    assert client.response().startswith(b"t1 BAD ")


def test_names_and_passwords_of_any_octets_are_refused_in_peace(house: House) -> None:
    client = house.greeted()
    for name in (b"\xff\xfe", b"a@b" * 1000, "größe@example.org".encode(), b"{5}", b"*"):
        answered = client.do(b"LOGIN {%d+}\r\n {3+}\r\n" % len(name), name, b"\xff\xff\xff")
        assert answered.is_no or answered.is_bad


# ---- after login -----------------------------------------------------------------------------------------------------


def test_a_line_of_10_megabytes_is_swallowed_and_the_session_goes_on(house: House) -> None:
    client = house.selected()
    answered = client.do(b"SEARCH SUBJECT " + b"x" * (10 << 20))
    assert answered.is_bad
    assert client.do("NOOP").is_ok


def test_an_append_of_4_gigabytes_is_not_taken(house: House) -> None:
    client = house.logged_in()
    assert client.do("APPEND INBOX {4294967295}").code == b"TOOBIG"
    client.begin("APPEND INBOX {4294967295+}")
    assert b"[TOOBIG]" in client.response()
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


@pytest.mark.parametrize(
    ("numbers", "found"),
    [("1:4294967295", 3), ("4294967295:1,*:*,1:*", 3), (",".join(["1:4294967295"] * 4000), 3),
     (",".join(str(2 * number + 1) for number in range(9000)), 2)],
)  # fmt: skip
def test_sequence_sets_that_expand_cost_what_they_find(house: House, numbers: str, found: int) -> None:
    """Each message once, in no time."""
    house.deliver(SMALL, SMALL, SMALL)
    client = house.selected()
    began = time.monotonic()
    assert len(client.do(f"UID FETCH {numbers} UID").untagged) == found
    assert len(client.do(f"UID STORE {numbers} +FLAGS (\\Seen)").about(b"FETCH")) == found
    assert client.do(f"UID COPY {numbers} Archive").is_ok
    assert client.do(f"UID SEARCH UID {numbers}").is_ok
    assert client.do(f"UID EXPUNGE {numbers}").is_ok
    assert time.monotonic() - began < SOON


def test_scattered_sets_over_many_messages_are_quick(house: House) -> None:
    house.fill(10_000)
    client, other = house.selected(), house.selected()
    odd = ",".join(str(number) for number in range(1, 9_000, 2))
    began = time.monotonic()
    assert len(client.do(f"FETCH {odd} FLAGS").untagged) == 4_500
    assert len(client.do(f"STORE {odd} +FLAGS (\\Deleted)").untagged) == 4_500
    assert client.do(f"STORE {odd} +FLAGS.SILENT (\\Seen)").untagged == []
    assert len(other.do("NOOP").untagged) == 4_500
    assert len(client.do("EXPUNGE").untagged) == 4_500
    assert len(other.do("NOOP").untagged) == 4_500
    assert time.monotonic() - began < 2 * SOON


def test_a_set_of_too_many_elements_is_bad(house: House) -> None:
    assert house.selected().do("FETCH " + ",".join(["1"] * 10_001) + " FLAGS").is_bad


@pytest.mark.parametrize(
    "key",
    ["NOT " * 51 + "ALL", "(" * 51 + "ALL" + ")" * 51, "OR " * 51 + "ALL " * 51 + "ALL", "(" * 60_000, "NOT " * 15_000,
     "ALL " * 1000 + "ALL", "OR " * 20_000],
)  # fmt: skip
def test_searches_nested_or_long_beyond_measure_are_bad(house: House, key: str) -> None:
    client = house.selected()
    assert client.do(f"SEARCH {key}").is_bad
    assert client.do("SEARCH " + "NOT " * 48 + "ALL").is_ok


def test_a_fetch_of_too_much_is_bad(house: House) -> None:
    house.deliver(SMALL)
    client = house.selected()
    assert client.do("FETCH 1 (" + " ".join(["BODY.PEEK[]"] * 257) + ")").is_bad
    assert client.do("FETCH 1 BODY.PEEK[" + ".".join(["1"] * 101) + "]").is_bad
    assert client.do("FETCH 1 BODY.PEEK[" + ".".join(["1"] * 100) + "]").is_ok
    assert client.do("FETCH 1 (" + " ".join(f"BODY.PEEK[]<{n}.100>" for n in range(256)) + ")").is_ok


@pytest.mark.parametrize("pattern", ["*" * 900, "%" * 900, "*a" * 400, "*%" * 400, "a*" * 400 + "b"])
def test_list_patterns_that_would_backtrack_are_quick(house: House, pattern: str) -> None:
    client = house.logged_in()
    assert client.do(f"CREATE {'a' * 900}").is_ok
    began = time.monotonic()
    assert client.do(f'LIST "" "{pattern}"').is_ok
    assert client.do(f'LSUB "" "{pattern}"').is_ok
    assert time.monotonic() - began < SOON


# ---- hostile messages ------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    )
    return opened + b"Content-Type: text/plain\r\n\r\nat last\r\n"


MESSAGES = {
    "10,000 multiparts deep": nested(10_000),
    "10,000 messages deep": b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"Subject: at last\r\n\r\n",
    "100,000 header fields": b"".join(b"X-%d: y\r\n" % number for number in range(100_000)) + b"\r\nbody\r\n",
    "100,000 addresses": b"To: " + b",\r\n ".join(b"<a%d@b.example>" % n for n in range(100_000)) + b"\r\n\r\n",
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n\r\n" * 100_000,
    "one field of 5 MB": b"Subject: " + b"=?utf-8?q?=41?= \r\n " * 300_000 + b"\r\n\r\n",
    "parameters": b"Content-Type: text/plain" + b"".join(b";\r\n a*%d*=x" % n for n in range(50_000)) + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_hostile_messages_are_kept_and_told(house: House, name: str) -> None:
    """Whatever a message is like, it is stored as it came, and every question about it has an answer."""
    octets = MESSAGES[name]
    client = house.logged_in()
    began = time.monotonic()
    assert client.append(octets).is_ok
    client.do("SELECT INBOX")
    for item in ("ENVELOPE", "BODYSTRUCTURE", "BODY", "BODY.PEEK[HEADER.FIELDS (Subject To X-99999)]",
                 "BODY.PEEK[HEADER.FIELDS.NOT (To)]", "BODY.PEEK[" + ".".join(["1"] * 100) + ".MIME]",
                 "BODY.PEEK[1]", "BODY.PEEK[1.MIME]"):  # fmt: skip
        assert client.do(f"FETCH 1 {item}").is_ok, item
    assert client.fetched(1, "BODY.PEEK[]") == octets
    assert client.do('SEARCH TEXT "nowhere in it" HEADER Subject x').is_ok
    assert time.monotonic() - began < 4 * SOON


# ---- peers that do not read, or say no more --------------------------------------------------------------------------


UNREAD_OCTETS_MAX = 3 << 20    # what is made for a peer that reads nothing: a page or two, and what the sockets hold


@pytest.fixture
def narrow(build) -> House:
    """A house whose sockets hold little."""
    return build(send_buffer_octets=16_384)


def sent(house: House) -> int:
    return house.door.connections[0]._octets_sent


def is_stalled(house: House) -> bool:
    return house.door.connections[0].is_congested


def test_a_peer_that_never_reads_a_fetch_of_20000_messages_costs_a_page(narrow: House) -> None:
    """Back-pressure: pages are made as they are read. It is cut off after a while, and the others do not wait."""
    narrow.fill(20_000)
    client = narrow.selected(receive_buffer_octets=4096)
    before = sent(narrow)
    client.begin("FETCH 1:* (FLAGS UID ENVELOPE BODYSTRUCTURE BODY.PEEK[])")
    narrow.wait_until(lambda: is_stalled(narrow))
    assert is_alive(narrow)
    assert sent(narrow) - before < UNREAD_OCTETS_MAX
    narrow.pass_time(301)
    narrow.wait_until(lambda: not narrow.door.connections[0].is_open)
    assert is_alive(narrow)


@pytest.mark.parametrize(
    "command",
    [b"FETCH 1:1000 (ENVELOPE BODYSTRUCTURE)", b'LIST "" *', b"FETCH 1:1000 (FLAGS UID)", b"UID SEARCH ALL",
     b"STORE 1:* FLAGS (\\Seen)", b"FETCH 1:* BODY.PEEK[]"],
)  # fmt: skip
def test_a_peer_that_pipelines_questions_and_reads_no_answers_gets_few_of_them(narrow: House, command: bytes) -> None:
    """A few octets ask for megabytes: those behind wait until those before have been read."""
    narrow.fill(1_000)
    client = narrow.selected(receive_buffer_octets=4096)
    before = sent(narrow)
    client.send((b"x " + command + b"\r\n") * 2_000)
    narrow.wait_until(lambda: is_stalled(narrow))
    assert is_alive(narrow)
    assert sent(narrow) - before < UNREAD_OCTETS_MAX


def test_a_peer_that_reads_late_gets_everything(narrow: House) -> None:
    narrow.fill(3_000)
    client = narrow.selected(receive_buffer_octets=4096)
    client.send(b"a FETCH 1:* (UID BODY.PEEK[])\r\nb FETCH 1:* ENVELOPE\r\nc NOOP\r\n")
    narrow.wait_until(lambda: is_stalled(narrow))
    numbers = []
    while not (response := client.response()).startswith(b"a OK"):
        numbers.append(int(response.split()[1]))
    while not (response := client.response()).startswith(b"b OK"):
        numbers.append(int(response.split()[1]))
    assert numbers == [*range(1, 3_001)] * 2
    assert client.response().startswith(b"c OK")


def test_a_peer_that_says_no_more_is_still_answered(house: House) -> None:
    """RFC 9293 3.6: half a connection is closed, the other half is not."""
    house.deliver(SMALL)
    client = house.selected()
    client.send(b"a FETCH 1 BODY[TEXT]\r\nb STORE 1 +FLAGS (\\Flagged)\r\nc NOOP\r\nd NOO")
    client.end_writing()
    said = client.rest()
    assert b"Good day." in said and b"\r\nb OK" in said and b"\r\nc OK" in said and b"\r\nd" not in said
    assert house.selected().flags(1) == {b"\\Seen", b"\\Flagged"}


@pytest.mark.parametrize("said", [b"a APPEND INBOX {300000+}\r\n" + b"x" * 290_000, b"a APPEND INBOX {5+}\r\nhello",
                                  b"a LOGIN {5+}\r\nhel", b"a IDLE\r\n", b"a FETCH 1:"])  # fmt: skip
def test_a_peer_that_says_no_more_in_the_middle_of_something_leaves_nothing(house: House, said: bytes) -> None:
    client = house.selected()
    client.send(said)
    client.end_writing()
    client.rest()
    house.wait_until(lambda: len(house.connections) == 0)
    assert house.logged_in().do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 0)"]


def test_a_peer_that_says_an_octet_now_and_then_is_ended(house: House) -> None:
    """A command that is never finished is as good as silence."""
    client = house.greeted()
    for _ in range(4):
        client.send(b"x")
        house.pass_time(50)
    assert client.response().startswith(b"* BYE ")


@pytest.mark.parametrize("command", ["NOOP", "CAPABILITY", "LOGIN ada@example.org wrong"])
def test_no_command_of_a_stranger_renews_the_time_for_logging_in(house: House, command: str) -> None:
    client = house.greeted()
    for _ in range(3):
        house.pass_time(50)
        client.do(command)
    house.pass_time(50)
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


def test_who_logs_in_late_has_the_time_of_every_session(house: House) -> None:
    """RFC 3501 5.4: autologout comes after 30 minutes at the earliest."""
    client = house.greeted()
    house.pass_time(170)
    client.do(f"LOGIN {ADA} {APPLICATION_PASSWORDS[ADA]}")
    house.pass_time(30 * 60)
    assert client.do("NOOP").is_ok


def test_a_peer_that_leaves_amid_a_fetch_stops_it(narrow: House) -> None:
    narrow.fill(5_000)
    client: ImapClient = narrow.selected(receive_buffer_octets=4096)
    client.begin("FETCH 1:* (BODY[])")
    narrow.wait_until(lambda: is_stalled(narrow))
    client.leave()
    narrow.wait_until(lambda: len(narrow.connections) == 0)
    assert is_alive(narrow)


def test_reading_amid_a_flood_of_changes_ends(house: House) -> None:
    """Two sessions that store against one another tell each other all, and come to rest alike."""
    house.fill(50, bits=SEEN)
    one, other = house.selected(), house.selected()
    for number in range(50):
        one.begin(f"STORE 1:* {'+-'[number % 2]}FLAGS (\\Flagged)")
        other.begin(f"UID STORE 1:* {'-+'[number % 2]}FLAGS.SILENT (\\Draft)")
    for client in (one, other):
        while not client.response().startswith(b"t%d OK" % client.tags):
            pass
    assert [one.flags(number) - {b"\\Recent"} for number in range(1, 51)] == [
        other.flags(number) - {b"\\Recent"} for number in range(1, 51)
    ]


def test_many_messages_to_expunge_are_told_at_once(house: House) -> None:
    house.fill(10_000, bits=DELETED)
    client, other = house.selected(), house.selected()
    began = time.monotonic()
    assert len(client.do("EXPUNGE").untagged) == 10_000
    assert len(other.do("NOOP").untagged) == 10_000
    assert time.monotonic() - began < SOON
