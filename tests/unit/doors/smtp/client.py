"""The least SMTP client, with a blocking socket: it hears whole replies, and plays transcripts."""

import base64
import textwrap

from unit.doors.stage import Client

GREETING = b"220 mail.example.org ESMTP Posthouse"


class SmtpClient(Client):
    """A peer that has connected, and has not read the greeting yet."""

    def reply(self) -> bytes:
        """The next reply, its lines joined by line feeds; b"" at the end of the connection."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return b"\n".join(lines)

    def ask(self, line: str) -> bytes:
        """Say one line and hear its reply."""
        self.say(line)
        return self.reply()

    def play(self, transcript: str) -> None:
        """Say what stands behind ``C:``, and hear replies that begin as what stands behind ``S:``.

        Neighbouring ``C:`` lines go in one packet.
        """
        said: list[str] = []
        for line in textwrap.dedent(transcript).strip().splitlines():
            kind, text = line[:2], line[3:]
            if kind == "C:":
                said.append(text)
                continue
            self.say(*said)
            said = []
            heard = self.reply()
            assert heard.startswith(text.encode()), f"{line!r} was expected, {heard!r} was heard"
        self.say(*said)

    def begin(
        self, *forward_paths: str, reverse_path: str = "eve@elsewhere.example", parameters: str = ""
    ) -> list[bytes]:
        """Name sender and recipients, pipelined as clients do (RFC 2920); the replies."""
        self.say(f"MAIL FROM:<{reverse_path}>{parameters}", *(f"RCPT TO:<{path}>" for path in forward_paths))
        return [self.reply() for _ in range(1 + len(forward_paths))]

    def transmit(self, message: bytes) -> bytes:
        """Say DATA and a message, dots stuffed; the last reply."""
        assert self.ask("DATA").startswith(b"354 ")
        self.send((b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        return self.reply()

    def deliver(self, message: bytes, *forward_paths: str, reverse_path: str = "eve@elsewhere.example") -> bytes:
        """A whole transaction, every recipient accepted; the last reply."""
        for said in self.begin(*forward_paths, reverse_path=reverse_path):
            assert said.startswith(b"250 "), said
        return self.transmit(message)

    def log_in(self, name: str, password: str) -> bytes:
        """AUTH PLAIN with an initial response; the reply."""
        return self.ask(f"AUTH PLAIN {plain(name, password)}")


def encoded(text: str) -> str:
    """A word of a SASL exchange."""
    return base64.b64encode(text.encode()).decode()


def plain(name: str, password: str, acting_for: str = "") -> str:
    """RFC 4616 2."""
    return encoded(f"{acting_for}\0{name}\0{password}")
