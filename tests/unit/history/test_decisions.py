"""Every decision can be explained: the facts and reasons of an acceptance stay readable (DESIGN 1.5)."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.history.decisions import DecisionRecord, RecipientDecision, find_decision, record_decision
from small_store import NOON

TEXT = st.text(max_size=30)
RECIPIENTS = st.builds(
    RecipientDecision,
    forward_path=TEXT,
    because=TEXT,
    accounts=st.lists(st.integers(1, 1 << 62), max_size=3).map(tuple),
    elsewhere=st.lists(TEXT, max_size=3).map(tuple),
)
DECISIONS = st.builds(
    DecisionRecord,
    session=TEXT, door=TEXT, peer_ip=TEXT, ehlo_name=TEXT, tls=st.booleans(), reverse_path=TEXT,
    size_octets=st.integers(0, 1 << 40), recipients=st.lists(RECIPIENTS, max_size=3).map(tuple),
    originator=st.none() | TEXT, message_id=st.none() | TEXT,
)  # fmt: skip


@given(DECISIONS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_decision_is_found_as_it_was_kept(store, decision: DecisionRecord) -> None:
    decision_id = store.write(record_decision, decision, NOON)
    assert store.read(find_decision, decision_id) == decision


def test_a_decision_that_was_never_made_is_none(store) -> None:
    assert store.read(find_decision, 99) is None
