"""Distinct mail that looks like mail, the same in every run: `message(n)`, and packs of it for the load tool.

About 6 KB on average: 60 % text alone, 28 % text and HTML, 7 % with an attachment in base64, 3 % a forwarded message,
2 % eight-bit text with encoded words. Repeated words would be too kind to anything that compresses, searches or caches.
"""

import base64
import random
import struct
from collections.abc import Iterator
from email.utils import formatdate
from enum import Enum
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Final

_SYLLABLES: Final = [consonant + vowel for consonant in "bdfghklmnprstvwz" for vowel in "aeiou"]
_EPOCH: Final = 1_700_000_000        # of the first message's date
_LINE: Final = b"\r\n"


class Kind(Enum):
    """Which messages a pack holds, and how many: as many as one run needs without repeating any."""

    SMALL = ("4k", 30_000)
    LARGE = ("100k", 1_200)      # a text and an attachment

    def __init__(self, label: str, messages: int) -> None:
        self.label = label
        self.messages = messages


class _Pool:
    """Words, names, sentences and octets to draw from, made once."""

    def __init__(self) -> None:
        chance = random.Random(1)
        self.words = sorted(
            {"".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(1, 4))) for _ in range(4_000)}
        )
        self.names = list(zip(chance.sample(self.words, 300), chance.sample(self.words, 300), strict=True))
        self.sentences = [" ".join(chance.choice(self.words) for _ in range(12)) for _ in range(6_000)]
        self.attachment = base64.encodebytes(chance.randbytes(200_000)).replace(b"\n", _LINE).decode()


_pool = cache(_Pool)


def message(number: int) -> bytes:
    """One message, CRLF line ends, without dots stuffed."""
    chance = random.Random(number * 7_919)
    subject = " ".join(chance.choice(_pool().words) for _ in range(chance.randint(2, 9))).capitalize()
    fields = _trace(chance, number)
    kind = chance.random()
    if kind >= 0.98:
        subject = f"=?utf-8?B?{base64.b64encode(('Größe ' + subject)[:40].encode()).decode()}?="
    fields += [f"Subject: {subject}", "MIME-Version: 1.0", "X-Mailer: bench/1.0"]
    content_type, body = _body(chance, kind, number)
    return "\r\n".join([*fields, content_type, "", body]).encode()


def large(number: int) -> bytes:
    """One of about 100 KB, nearly all of it an attachment that no other message has."""
    chance = random.Random(number)
    data = base64.encodebytes(chance.randbytes(71_000)).replace(b"\n", _LINE).decode()
    fields = [*_trace(chance, number), f"Subject: file {number}", "MIME-Version: 1.0"]
    content_type, body = _with_attachment(f"=_{number}", _text(chance, 30), "f.pdf", data)
    return "\r\n".join([*fields, content_type, "", body]).encode()


def small_messages() -> Iterator[bytes]:
    """Those of 3.5 to 4.7 KB, 4.1 on average, without end."""
    return (octets for octets in map(message, count()) if 3_500 <= len(octets) <= 4_700)


def _large_messages() -> Iterator[bytes]:
    return map(large, count())


_ENDLESS: Final = {Kind.SMALL: small_messages, Kind.LARGE: _large_messages}


def pack(folder: Path, kind: Kind) -> Path:
    """The pack of a kind, made unless it is there: a length (u32, little-endian), then the message as DATA sends it."""
    path = folder / f"mail-{kind.label}"
    if not path.exists():
        beside = path.with_suffix(".new")
        with beside.open("wb") as file:
            for octets in islice(_ENDLESS[kind](), kind.messages):
                stuffed = (_LINE + octets).replace(b"\r\n.", b"\r\n..")[2:]
                stuffed += b".\r\n" if stuffed.endswith(_LINE) else b"\r\n.\r\n"
                file.write(struct.pack("<I", len(stuffed)) + stuffed)
        beside.replace(path)
    return path


def _trace(chance: random.Random, number: int) -> list[str]:
    """The fields that a message has gathered on its way, and who wrote it to whom."""
    date = formatdate(_EPOCH + number * 61, localtime=False)
    fields = [f"Return-Path: <bounce-{number}@example{number % 40}.net>"]
    fields += [
        f"Received: from mx{hop}.example{chance.randint(1, 40)}.net (mx{hop}.example.net [192.0.2.{hop + 1}])"
        f"\r\n\tby mail.bench.example (Postfix) with ESMTPS id {chance.getrandbits(40):010X}"
        f"\r\n\tfor <user@bench.example>; {date}"
        for hop in range(chance.randint(1, 4))
    ]
    recipients = chance.choice((1, 1, 1, 2, 3, 8))
    fields += [
        f"Message-ID: <{chance.getrandbits(64):016x}.{number}@example.net>",
        f"Date: {date}",
        f"From: {_person(chance)}",
        "To: " + ",\r\n\t".join(_person(chance) for _ in range(recipients)),
    ]
    if chance.random() < 0.3:
        fields.append("Cc: " + ", ".join(_person(chance) for _ in range(chance.randint(1, 3))))
    if chance.random() < 0.5:
        thread = [f"<{chance.getrandbits(64):016x}@example.net>" for _ in range(chance.randint(1, 5))]
        fields += [f"In-Reply-To: {thread[-1]}", "References: " + "\r\n ".join(thread)]
    if chance.random() < 0.3:
        fields += [f"List-Id: <list{chance.randint(1, 20)}.example.net>", "List-Unsubscribe: <mailto:off@example.net>"]
    return fields


def _body(chance: random.Random, kind: float, number: int) -> tuple[str, str]:
    """The Content-Type field and the body."""
    text, boundary = _text(chance, chance.randint(5, 60)), f"=_{chance.getrandbits(48):012x}"
    if kind < 0.60:
        return "Content-Type: text/plain; charset=us-ascii", text
    if kind < 0.88:
        return _with_html(chance, boundary, text)
    if kind < 0.95:
        octets = chance.randint(50, 500) * 78
        start = chance.randrange(0, len(_pool().attachment) - octets - 78) // 78 * 78
        return _with_attachment(boundary, text, f"file{number}.pdf", _pool().attachment[start:start + octets])
    if kind < 0.98:
        inner = f"From: {_person(chance)}\r\nTo: {_person(chance)}\r\nSubject: inner\r\n\r\n{text}"
        parts = (("Content-Type: text/plain", "see below"), ("Content-Type: message/rfc822", inner))
        return f'Content-Type: multipart/mixed; boundary="{boundary}"', _multipart(boundary, parts)
    return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", f"Grüße, {text}"


def _with_html(chance: random.Random, boundary: str, text: str) -> tuple[str, str]:
    lines = _text(chance, chance.randint(10, 80)).split("\r\n")
    html = "".join(f'<p style=3D"margin:0">{line}</p>\r\n' for line in lines)
    parts = (
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit", text),
        (
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            f"<html><body>\r\n{html}</body></html>",
        ),
    )
    return f'Content-Type: multipart/alternative; boundary="{boundary}"', _multipart(boundary, parts)


def _with_attachment(boundary: str, text: str, name: str, data: str) -> tuple[str, str]:
    attachment = (
        f'Content-Type: application/pdf; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"'
    )
    parts = (("Content-Type: text/plain; charset=utf-8", text), (attachment, data))
    return f'Content-Type: multipart/mixed; boundary="{boundary}"', _multipart(boundary, parts)


def _multipart(boundary: str, parts: tuple[tuple[str, str], ...]) -> str:
    return "".join(f"--{boundary}\r\n{fields}\r\n\r\n{body}\r\n" for fields, body in parts) + f"--{boundary}--\r\n"


def _text(chance: random.Random, lines: int) -> str:
    sentences = _pool().sentences
    return "\r\n".join(chance.choice(sentences) if chance.random() > 0.08 else "" for _ in range(lines)) + "\r\n"


def _person(chance: random.Random) -> str:
    first, last = chance.choice(_pool().names)
    return f'"{first.title()} {last.title()}" <{first}.{last}@example{chance.randint(1, 40)}.net>'
