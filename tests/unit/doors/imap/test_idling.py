"""IDLE (RFC 2177): news at once, from other sessions and from deliveries."""

from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import SMALL, House


def idle(client: ImapClient) -> bytes:
    tag = client.begin("IDLE")
    assert client.response().startswith(b"+ ")
    return tag


def done(client: ImapClient, tag: bytes) -> list[bytes]:
    client.send(b"DONE\r\n")
    answered = client.finish(tag)
    assert answered.is_ok
    return answered.untagged


def heard(client: ImapClient, lines: int) -> list[bytes]:
    return [client.response() for _ in range(lines)]


def test_idle_tells_a_delivery_at_once(house: House) -> None:
    client = house.selected()
    tag = idle(client)
    for number in (1, 2):
        house.deliver(SMALL)
        assert heard(client, 2) == [b"* %d EXISTS" % number, b"* %d RECENT" % number]
    assert done(client, tag) == []


def test_idle_tells_what_other_sessions_do(house: House) -> None:
    """RFC 2177 3: any untagged response may come, EXPUNGE too."""
    house.deliver(SMALL, SMALL, SMALL)
    client, other = house.selected(), house.selected()
    tag = idle(client)
    other.do("STORE 2 +FLAGS.SILENT (\\Deleted \\Seen)")
    assert heard(client, 1) == [b"* 2 FETCH (FLAGS (\\Recent \\Deleted \\Seen))"]
    other.do("EXPUNGE")
    assert heard(client, 1) == [b"* 2 EXPUNGE"]
    other.do("MOVE 1 Archive")
    assert heard(client, 1) == [b"* 1 EXPUNGE"]
    other.append(SMALL)
    assert heard(client, 2) == [b"* 2 EXISTS", b"* 2 RECENT"]
    assert done(client, tag) == []


def test_idle_tells_a_new_keyword_before_it_is_used(house: House) -> None:
    """RFC 3501 7.2.6: whoever is told first, the session or the names of its keywords, it is the same."""
    house.deliver(SMALL)
    client, other = house.selected(), house.selected()
    tag = idle(client)
    other.do("STORE 1 +FLAGS.SILENT (Work)")
    flags, permanent, fetch = heard(client, 3)
    assert flags.endswith(b" Work)") and b"PERMANENTFLAGS" in permanent
    assert fetch == b"* 1 FETCH (FLAGS (\\Recent Work))"
    assert done(client, tag) == []


def test_what_happened_before_idle_is_told_when_it_begins(house: House) -> None:
    client = house.selected()
    house.deliver(SMALL)
    tag = idle(client)
    assert heard(client, 2) == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert done(client, tag) == []


def test_idle_without_a_mailbox_waits_for_nothing(house: House) -> None:
    """RFC 2177 3: legal in authenticated state."""
    client = house.logged_in()
    tag = idle(client)
    house.deliver(SMALL)
    assert done(client, tag) == []
    assert client.do("NOOP").is_ok


def test_another_mailbox_is_no_news(house: House) -> None:
    client = house.selected("Sent")
    tag = idle(client)
    house.deliver(SMALL)
    assert done(client, tag) == []


def test_anything_but_done_ends_idle_badly(house: House) -> None:
    client = house.selected()
    client.play("""
        C: a IDLE
        S: + ...
        C: b NOOP
        S: a BAD ...
        C: c IDLE
        S: + ...
        C: done
        S: c OK ...
    """)


def test_nothing_is_told_between_commands(house: House) -> None:
    """RFC 3501 7.4.1: no EXPUNGE while no command is in progress; here nothing at all."""
    house.deliver(SMALL)
    client, other = house.selected(), house.selected()
    other.do("STORE 1 +FLAGS.SILENT (\\Deleted)")
    other.do("EXPUNGE")
    client.send(b"x ")
    house.wait_until(lambda: house.door.connections[0].is_open)
    client.send(b"NOOP\r\n")
    assert client.response() == b"* 1 EXPUNGE"
    assert client.response().startswith(b"x OK")


def test_a_mailbox_deleted_under_idle_is_no_disturbance(house: House) -> None:
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.do("SELECT x")
    tag = idle(client)
    other.do("DELETE x")
    assert done(client, tag) == []


def test_a_peer_that_does_not_read_hears_the_news_when_it_reads_again(build) -> None:
    """Nothing is gathered for it meanwhile: when it has read, it is told how things stand then."""
    house: House = build(send_buffer_octets=16_384)
    house.fill(4000)
    client = house.selected(receive_buffer_octets=4096)
    connection = house.door.connections[-1]
    other = house.selected()
    tag = idle(client)
    flags = 0
    while not connection.is_congested:    # it takes the sockets' buffers and 64 KiB more
        assert other.do(f"STORE 1:* {'+-'[flags % 2]}FLAGS.SILENT (\\Flagged)").is_ok
        flags += 1
        house.in_loop(lambda: None)
    other.do("STORE 1:* FLAGS.SILENT (\\Draft)")
    other.do("STORE 1 FLAGS.SILENT (\\Answered)")
    told = heard(client, flags * 4000)
    assert len(told) == flags * 4000
    now = heard(client, 4000)
    assert now[0] == b"* 1 FETCH (FLAGS (\\Recent \\Answered))"
    assert now[1] == b"* 2 FETCH (FLAGS (\\Recent \\Draft))"
    assert done(client, tag) == []


def test_idle_may_last_for_half_an_hour_and_is_then_ended_in_words(house: House) -> None:
    """RFC 2177 3: clients begin anew after 29 minutes; RFC 3501 5.4: autologout comes after 30 at the earliest."""
    client = house.selected()
    idle(client)
    house.pass_time(29 * 60)
    house.deliver(SMALL)
    assert heard(client, 2) == [b"* 1 EXISTS", b"* 1 RECENT"]
    house.pass_time(3 * 60)
    assert client.response().startswith(b"* BYE ")
    assert client.hear_end()


def test_a_server_that_stops_says_bye_to_who_idles(house: House) -> None:
    client = house.selected()
    idle(client)
    house.in_loop_await(house.connections.shut_down())
    assert client.response().startswith(b"* BYE ")
