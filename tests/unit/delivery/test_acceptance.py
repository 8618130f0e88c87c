"""One acceptance is one transaction (`delivery.acceptance`): all of it is written, or none (DESIGN 1.1)."""

from collections.abc import Hashable

import pytest

from posthouse.delivery.acceptance import accept
from posthouse.delivery.errors import PlanOutdated
from posthouse.delivery.events import MailAccepted
from posthouse.delivery.examination import examine
from posthouse.delivery.plan import Plan, make_plan
from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.domains import add_domain
from posthouse.message.address import Domain, parse_address
from posthouse.store.errors import NoSuchMailbox
from unit.delivery.arrivals import ADA, BOB, CAROL, FRIEND, HELLO, HOSTNAME
from unit.delivery.house import OCCASION, House


def plan_of(house: House, *paths: str) -> Plan:
    return make_plan(house.arrival(HELLO, *paths), examine(HELLO), HOSTNAME)


def test_everything_is_there_afterwards(house: House) -> None:
    """DESIGN 1.1, 1.5, 1.7: the bytes, a row for every recipient, the decision, the sums."""
    accepted = house.write(accept, plan_of(house, "team@example.org", "carol@example.org", FRIEND))
    assert accepted.identifier == "session-1"
    assert accepted.delivered == ((ADA, 1), (BOB, 1), (CAROL, 1))
    assert house.rows("SELECT queue_id FROM queue_entry") == [(accepted.queue_id,)]
    assert house.rows("SELECT uses, bytes FROM blob") == [(4, HELLO)]
    placed = house.rows("SELECT account_id, blob_id, decision_id FROM message")
    assert placed == [(ADA, 1, 1), (BOB, 1, 1), (CAROL, 1, 1)]
    assert house.rows("SELECT accepted, delivered, queued FROM daily") == [(4, 3, 1)]
    assert house.rows("SELECT kind FROM decision") == [("accept",)]


def test_where_nothing_goes_elsewhere_nothing_is_queued(house: House) -> None:
    """No empty entry that the relay would look at."""
    assert house.write(accept, plan_of(house, "ada@example.org")).queue_id is None
    assert not house.rows("SELECT 1 FROM queue_entry")


def test_the_second_message_has_the_next_uid(house: House) -> None:
    """RFC 3501 2.3.1.1; an identifier is the caller's."""
    made = plan_of(house, "ada@example.org")
    assert [house.write(accept, made).delivered for _ in range(2)] == [((ADA, 1),), ((ADA, 2),)]


def test_what_fails_for_one_recipient_is_written_for_none(house: House) -> None:
    """DESIGN 1.1: one transaction; the first two of three were already written when the third failed."""
    house.write(lambda tx: tx.execute("DELETE FROM counter WHERE account_id = ?", (CAROL,)))
    with pytest.raises(NoSuchMailbox):
        house.write(accept, plan_of(house, "team@example.org", "carol@example.org", FRIEND))
    assert house.is_empty()


def test_a_change_that_concerns_the_recipients_voids_the_plan(house: House) -> None:
    """DESIGN 3: `accept` re-checks what it was planned on, in its turn."""
    made = plan_of(house, "ada@example.org", "carol@example.org")
    house.write(remove_account, parse_address("carol@example.org"), OCCASION)
    with pytest.raises(PlanOutdated):
        house.write(accept, made)
    assert house.is_empty()


def test_a_domain_that_has_become_ours_voids_the_plan(house: House) -> None:
    """Else its mail would be relayed to ourselves for ever."""
    made = plan_of(house, FRIEND)
    house.write(add_domain, Domain("elsewhere.example"), OCCASION)
    with pytest.raises(PlanOutdated):
        house.write(accept, made)


def test_other_changes_do_not(house: House) -> None:
    """The version only says where to look."""
    made = plan_of(house, "team@example.org", FRIEND)
    house.write(add_account, parse_address("dave@example.org"), None, Role.USER, OCCASION)
    house.write(add_alias, parse_address("new@example.org"), (parse_address("bob@example.org"),), OCCASION)
    assert len(house.write(accept, made).delivered) == 2


def test_what_is_on_disk_is_written_down(house: House) -> None:
    """DESIGN 1.5: explainable. Announced by the transaction, so that the journal hears of it after its COMMIT."""
    heard: list[Hashable] = []
    house.database.listen(heard.extend)
    house.write(accept, plan_of(house, "team@example.org", "carol@example.org", FRIEND))
    (told,) = [topic for topic in heard if isinstance(topic, MailAccepted)]
    assert told == MailAccepted(
        session="session", identifier="session-1", entrance="receiver", peer_ip="192.0.2.1",
        reverse_path="eve@elsewhere.example", octets=len(HELLO), delivered=3, queued=1,
    )  # fmt: skip


def test_what_is_not_kept_is_not_written_down(house: House) -> None:
    heard: list[Hashable] = []
    house.database.listen(heard.extend)
    house.write(lambda tx: tx.execute("DELETE FROM counter WHERE account_id = ?", (CAROL,)))
    with pytest.raises(NoSuchMailbox):
        house.write(accept, plan_of(house, "carol@example.org"))
    assert not [topic for topic in heard if isinstance(topic, MailAccepted)]
