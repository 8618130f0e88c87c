"""What nobody is to see, and what submission adds (`delivery.visibility`): against a model that knows the fields."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.delivery.arrival import Entrance
from unit.delivery.arrivals import plan, seen

OURS = "mail.example.org"


@dataclass(frozen=True)
class WrittenField:
    """A field as it is written, and who may see it."""

    octets: bytes
    hidden_at_port_25: bool
    hidden_in_submission: bool


def written(name: str, value: bytes, *, port_25: bool, submission: bool) -> WrittenField:
    return WrittenField(name.encode() + b":" + value + b"\r\n", port_25, submission)


def in_any_case(name: str) -> st.SearchStrategy[str]:
    letters = [st.sampled_from((letter.lower(), letter.upper())) for letter in name]
    return st.tuples(st.tuples(*letters).map("".join), st.sampled_from(("", " ", "\t"))).map("".join)


VALUES = st.sampled_from((b" x", b"", b" a@b.example,\r\n\tc@d.example", b"\r\n folded\r\n again", b" bcc: no"))
NAMES = st.sampled_from((OURS, OURS.upper(), "Mail.Example.Org", OURS + "."))
WRAPPINGS = st.sampled_from(("{}", '"{}"', "({0}) {0}", "(a(b)c) {}", "{}(c)", "\r\n\t{}", '( \\) ) "{}"'))
FORGED = st.builds(
    lambda name, wrapping, rest: f" {wrapping.format(name)}{rest}".encode(),
    NAMES, WRAPPINGS, st.sampled_from(("", ";", " ; spf=pass", " 1; dkim=pass\r\n\theader.d=x")),
)  # fmt: skip
OTHERS = st.sampled_from((b" mx.example.net; spf=pass", b" example.org;", b"", b" ;", b" (mail.example.org) x;"))

FIELDS = st.one_of(
    st.builds(lambda n, v: written(n, v, port_25=True, submission=True), in_any_case("Return-Path"), VALUES),
    st.builds(lambda n, v: written(n, v, port_25=True, submission=True), in_any_case("Authentication-Results"), FORGED),
    st.builds(
        lambda n, v: written(n, v, port_25=False, submission=False), in_any_case("Authentication-Results"), OTHERS
    ),
    st.builds(lambda n, v: written(n, v, port_25=False, submission=True), in_any_case("Bcc"), VALUES),
    st.builds(lambda n, v: written(n, v, port_25=False, submission=True), in_any_case("Resent-Bcc"), VALUES),
    st.builds(lambda n, v: written(n, v, port_25=False, submission=False), in_any_case("Subject"), VALUES),
    st.builds(lambda n, v: written(n, v, port_25=False, submission=False), in_any_case("X-Bcc"), VALUES),
)
REST = b"Date: Mon, 21 Sep 2026 16:00:00 +0200\r\nMessage-ID: <1@x>\r\n\r\nBcc: text\r\nReturn-Path: text\r\n"


@given(st.lists(FIELDS, max_size=12), st.sampled_from(Entrance))
def test_exactly_what_is_to_be_hidden_is_hidden(fields: list[WrittenField], entrance: Entrance) -> None:
    """RFC 5321 4.4, RFC 8601 5, RFC 5322 3.6.3: whatever stands between them, all else stays octet for octet."""
    message = b"".join(field.octets for field in fields) + REST
    in_submission = entrance is Entrance.SUBMISSION
    expected = b"".join(
        field.octets for field in fields
        if not (field.hidden_in_submission if in_submission else field.hidden_at_port_25)
    ) + REST  # fmt: skip
    shown = seen(plan(message, entrance=entrance).relay_view, message)
    received, _, rest = shown.partition(b" +0000\r\n")
    assert received.startswith(b"Received: ")
    assert rest == expected


@pytest.mark.parametrize(
    ("fields", "added"),
    [
        (b"Subject: x\r\n", {b"Date", b"Message-ID"}),
        (b"Subject: x\r\nDate: \r\n", {b"Date", b"Message-ID"}),
        (b"date: Mon, 21 Sep 2026 16:00:00 +0200\r\n", {b"Message-ID"}),
        (b"MESSAGE-id:\t<1@x>\r\n", {b"Date"}),
        (b"Date: nonsense\r\nMessage-ID: nonsense\r\n", set()),
        (b"X-Date: x\r\nResent-Message-ID: <1@x>\r\n", {b"Date", b"Message-ID"}),
        (b"", {b"Date", b"Message-ID"}),
    ],
)
def test_submission_adds_what_is_missing_and_nothing_else(fields: bytes, added: set[bytes]) -> None:
    """RFC 6409 8.2, 8.3: nonsense is the author's own, and stays."""
    message = fields + b"\r\nbody\r\n"
    shown = seen(plan(message, entrance=Entrance.SUBMISSION).relay_view, message)
    _, _, rest = shown.partition(b"14:13:20 +0000\r\n")
    first = {line.partition(b":")[0] for line in rest.partition(b"\r\n\r\n")[0].splitlines() if b"example.org" in line}
    dated = {b"Date"} if b"Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n" in rest else set()
    assert first | dated == added
    assert rest.endswith(fields.replace(b"Date: \r\n", b"") + b"\r\nbody\r\n")
