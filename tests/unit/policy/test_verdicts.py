"""Verdicts cannot be built wrong: a deferral is 4.y.z, a refusal 5.y.z, each with one line that says why."""

import pytest

from posthouse.message.status import Status
from posthouse.policy.verdicts import Accept, Defer, Refuse


def test_an_acceptance_states_its_reason() -> None:
    """DESIGN promise 4: acceptance needs a stated reason."""
    assert Accept(because="the recipient is ours").because == "the recipient is ours"
    with pytest.raises(ValueError, match="single line"):
        Accept(because="")


def test_a_deferral_is_transient_and_a_refusal_permanent() -> None:
    """RFC 3463 2: class 4 is a persistent transient failure, class 5 a permanent one."""
    assert Defer(Status("4.3.0"), "later").status == Status("4.3.0")
    assert Refuse(Status("5.1.1"), "no such mailbox here").status == Status("5.1.1")
    for status in ("5.1.1", "2.0.0"):
        with pytest.raises(ValueError, match=r"4\.y\.z"):
            Defer(Status(status), "later")
    for status in ("4.3.0", "2.0.0"):
        with pytest.raises(ValueError, match=r"5\.y\.z"):
            Refuse(Status(status), "never")


@pytest.mark.parametrize("text", ["", "no\r\n250 2.0.0 yes", "no\0", "tab\there", "nein, größer", "a\u2028b"])
def test_a_text_is_one_line_of_printable_ascii(text: str) -> None:
    """RFC 5321 4.2: reply text is printable ASCII; a CRLF inside it would be a second reply."""
    with pytest.raises(ValueError, match="single line"):
        Refuse(Status("5.7.1"), text)
    with pytest.raises(ValueError, match="single line"):
        Defer(Status("4.7.1"), text)
