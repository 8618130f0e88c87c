"""A mailbox opened by EXAMINE is read and not changed, whatever is asked (RFC 3501 6.3.2)."""

import pytest

from unit.doors.imap.house import SMALL, House


@pytest.mark.parametrize(
    "command",
    ["STORE 1 +FLAGS (\\Seen)", "UID STORE 1 FLAGS ()", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 Sent", "UID MOVE 1 Sent"],
)
def test_what_would_change_it_is_refused(house: House, command: str) -> None:
    """RFC 3501 6.3.2, RFC 5530 3: NOPERM."""
    house.deliver(SMALL)
    client = house.logged_in()
    assert client.do("EXAMINE INBOX").code == b"READ-ONLY"
    answered = client.do(command)
    assert answered.is_no
    assert answered.code == b"NOPERM"
    assert client.flags(1) == {b"\\Recent"}
