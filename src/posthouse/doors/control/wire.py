"""How requests and responses lie on the control socket: one JSON object a line, then the raw octets that it announces.

`RequestReader` is fed whatever arrives and never waits; the command line, which may wait, reads responses from a file.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from posthouse.doors.control.requests import AnyRequest, Request
from posthouse.doors.control.responses import AnyResponse, Response

LINE_OCTETS_MAX: Final = 1 << 20          # 1,000 recipients of 256 octets (RFC 5321 4.5.3.1), as JSON
RESPONSE_LINE_OCTETS_MAX: Final = 64 << 20    # a page of 1,000 aliases with many targets each
OCTETS_MAX: Final = 256 << 20             # over any message: a door's own limit decides before


class ControlSyntaxError(Exception):
    """What came is no request, or no response. The text says why."""


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A whole request with the octets that it announced."""

    request: AnyRequest
    octets: bytes


class RequestReader:
    """Cuts a stream into requests, however it is chunked. Raises ControlSyntaxError: nothing after it can be read."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0                        # so many octets are known to hold no line end
        self._request: AnyRequest | None = None   # its line has come, its octets have not all
        self._decoder: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return not self._buffer and self._request is None

    def receive(self, octets: bytes) -> None:
        """Take what has arrived."""
        self._buffer += octets

    def next_request(self) -> ReceivedRequest | None:
        """The next whole request; None until more arrives. Raises ControlSyntaxError."""
        if self._request is None:
            self._request = self._next_line()
        request = self._request
        if request is None or len(self._buffer) < request.octets:
            return None
        octets = bytes(memoryview(self._buffer)[:request.octets])
        del self._buffer[:request.octets]
        self._request = None
        return ReceivedRequest(request, octets)

    def _next_line(self) -> AnyRequest | None:
        end = self._buffer.find(b"\n", self._searched, LINE_OCTETS_MAX)
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched >= LINE_OCTETS_MAX:
                raise ControlSyntaxError(f"a line is longer than {LINE_OCTETS_MAX} octets")
            return None
        try:
            request = self._decoder.decode(bytes(memoryview(self._buffer)[:end]))
        except msgspec.DecodeError as error:
            raise ControlSyntaxError(f"this server does not understand the request: {error}") from error
        del self._buffer[:end + 1]
        self._searched = 0
        if not 0 <= request.octets <= OCTETS_MAX:
            raise ControlSyntaxError(f"a request brings at most {OCTETS_MAX} octets")
        return request


def encode(message: Request | Response) -> bytes:
    """The line of a request or response; its octets, if any, are to follow."""
    return msgspec.json.encode(message) + b"\n"


def read_response(file: BinaryIO) -> tuple[AnyResponse, bytes]:
    """Wait for a response and its octets. Raises ControlSyntaxError, EOFError when the server has gone, OSError."""
    line = file.readline(RESPONSE_LINE_OCTETS_MAX)
    if not line.endswith(b"\n"):
        raise EOFError
    try:
        response: AnyResponse = msgspec.json.decode(line, type=AnyResponse)
    except msgspec.DecodeError as error:
        raise ControlSyntaxError(f"the server answers in words of another release: {error}") from error
    octets = file.read(response.octets)
    if len(octets) < response.octets:
        raise EOFError
    return response, octets
