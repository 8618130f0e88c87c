"""Requests and responses on the control socket: one JSON object a line, raw octets behind it, however it is chunked."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.doors.control.requests import (
    AddAccount,
    AddAlias,
    AnyRequest,
    FetchMessages,
    ListDomains,
    SetPassword,
    SubmitMessage,
)
from posthouse.doors.control.responses import Done, FetchedMessage, MessagesFetched, Refused
from posthouse.doors.control.wire import (
    LINE_OCTETS_MAX,
    OCTETS_MAX,
    ControlSyntaxError,
    ReceivedRequest,
    RequestReader,
    encode,
    read_response,
)

BODY = b"Subject: x\r\n\r\n{\"request\":\"list-domains\"}\n\0\r\n"    # octets that look like a request are none


def read_all(chunks: list[bytes]) -> list[ReceivedRequest]:
    reader = RequestReader()
    received = []
    for chunk in chunks:
        reader.receive(chunk)
        while (request := reader.next_request()) is not None:
            received.append(request)
    return received


def test_a_request_is_one_object_on_one_line() -> None:
    """DESIGN 8: one JSON request a line; its name says what is asked."""
    line = encode(AddAlias(address="a@b.example", targets=("c@d.example",)))
    assert line == b'{"request":"add-alias","address":"a@b.example","targets":["c@d.example"],"octets":0}\n'


def test_octets_follow_their_line_untouched() -> None:
    """A message is never encoded: its line says how long it is."""
    request = SubmitMessage(reverse_path="", forward_paths=("a@b.example",), octets=len(BODY))
    stream = encode(request) + BODY + encode(ListDomains())
    assert read_all([stream]) == [ReceivedRequest(request, BODY), ReceivedRequest(ListDomains(), b"")]


REQUESTS = st.one_of(
    st.builds(ListDomains, after=st.integers(0, 1 << 40)),
    st.builds(AddAccount, address=st.text(max_size=8), password=st.none() | st.text(max_size=8)),
    st.builds(AddAlias, address=st.text(max_size=8), targets=st.lists(st.text(max_size=8), max_size=3).map(tuple)),
    st.builds(FetchMessages, address=st.text(max_size=8), after_uid=st.integers(0, 9), last=st.booleans()),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[ReceivedRequest], list[bytes]]:
    """Requests, and the chunks in which their octets arrive."""
    said: list[ReceivedRequest] = []
    for _ in range(draw(st.integers(0, 4))):
        octets = draw(st.binary(max_size=20))
        request: AnyRequest = draw(REQUESTS)
        if octets:
            request = SubmitMessage(reverse_path="é\n", forward_paths=("x",), octets=len(octets))
        said.append(ReceivedRequest(request, octets))
    stream = b"".join(encode(one.request) + one.octets for one in said)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    return said, [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@settings(max_examples=100)
@given(conversations())
def test_chunks_do_not_matter(conversation: tuple[list[ReceivedRequest], list[bytes]]) -> None:
    """Whole, octet by octet, or cut anywhere: the same requests."""
    said, chunks = conversation
    assert read_all(chunks) == said
    stream = b"".join(chunks)
    assert read_all([stream[at:at + 1] for at in range(len(stream))]) == said


@pytest.mark.parametrize(
    "line",
    [
        b"", b"nonsense", b"{}", b"[]", b'{"request":"no-such-thing"}', b'{"request":"add-domain"}',
        b'{"request":"add-domain","name":7}', b'{"request":"add-domain","name":"a.example","more":1}',
        b'{"request":"list-domains","octets":-1}', b'{"request":"list-domains","octets":99999999999}', b"\xff",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(line: bytes) -> None:
    """Nothing after it can be told apart, so the conversation ends."""
    reader = RequestReader()
    reader.receive(line + b"\n")
    with pytest.raises(ControlSyntaxError):
        reader.next_request()


def test_a_line_has_a_limit() -> None:
    """DESIGN 1.6: even the owner's programs have mistakes."""
    reader = RequestReader()
    reader.receive(b"x" * (LINE_OCTETS_MAX - 1))
    assert reader.next_request() is None
    reader.receive(b"x")
    with pytest.raises(ControlSyntaxError, match="longer"):
        reader.next_request()


def test_announced_octets_have_a_limit() -> None:
    """What is announced must be held in memory."""
    reader = RequestReader()
    reader.receive(encode(ListDomains(octets=OCTETS_MAX + 1)))
    with pytest.raises(ControlSyntaxError, match="at most"):
        reader.next_request()


def test_a_reader_knows_whether_something_is_under_way() -> None:
    """A server that stops ends idle conversations at once and lets others finish."""
    reader = RequestReader()
    assert reader.is_idle
    reader.receive(b"{")
    assert not reader.is_idle
    reader = RequestReader()
    reader.receive(encode(ListDomains(octets=2)))
    assert reader.next_request() is None
    assert not reader.is_idle
    reader.receive(b"ab")
    assert reader.next_request() is not None
    assert reader.is_idle


@pytest.mark.parametrize(
    "request_", [SetPassword(address="a", password="geheim"), AddAccount(address="a", password="geheim")]
)
def test_a_password_is_not_shown_by_accident(request_: AnyRequest) -> None:
    """Tracebacks and debuggers show values by their repr."""
    assert "geheim" not in repr(request_)


def test_a_response_is_read_with_its_octets() -> None:
    """The command line reads from a file object of the socket."""
    response = MessagesFetched(messages=(FetchedMessage(1, 3),), is_last=True, octets=3)
    stream = io.BytesIO(encode(response) + b"abc" + encode(Done()))
    assert read_response(stream) == (response, b"abc")
    assert read_response(stream) == (Done(), b"")


def test_a_server_that_goes_amid_a_response_is_noticed() -> None:
    """Half an answer is none: the command must not take it for done."""
    whole = encode(Refused(reason="x", octets=5)) + b"abcde"
    for end in range(len(whole)):
        with pytest.raises(EOFError):
            read_response(io.BytesIO(whole[:end]))


def test_a_response_of_another_release_is_told() -> None:
    """A server that was not restarted after an upgrade says so instead of confusing."""
    with pytest.raises(ControlSyntaxError, match="another release"):
        read_response(io.BytesIO(b'{"response":"from-the-future"}\n'))
