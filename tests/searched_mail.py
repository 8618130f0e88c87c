"""Messages to search: every transfer encoding, many charsets, and forms that are easily misread."""

from base64 import encodebytes
from quopri import encodestring

DATE = b"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n"
UTF_8 = b"Content-Type: text/plain; charset=utf-8"
MESSAGE = b"Content-Type: message/rfc822\r\n\r\n"


def crlf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def letter(subject: bytes, body: bytes, *fields: bytes, date: bytes = DATE) -> bytes:
    """A message of one part; `fields` describe its body."""
    lines = [b"From: Smith <smith@example.net>", b"To: ada@example.org", b"Subject: " + subject, *fields]
    return date + b"\r\n".join(lines) + b"\r\n\r\n" + crlf(body)


def text(charset: str, words: str, encoding: str = "8bit") -> bytes:
    """A letter with a text in a charset and transfer encoding."""
    octets = words.encode("iso2022_jp" if charset == "iso-2022-jp" else charset)
    if encoding == "base64":
        octets = encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = encodestring(octets)
    return letter(
        b"in %b" % charset.encode(),
        octets,
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=%b" % charset.encode(),
        b"Content-Transfer-Encoding: %b" % encoding.encode(),
    )


def several(*parts: bytes, kind: bytes = b"mixed", subject: bytes = b"several", boundary: bytes = b"=b") -> bytes:
    """A letter of several parts, each with its header section."""
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts) + b"--%b--\r\n" % boundary
    return letter(subject, body, b'Content-Type: multipart/%b; boundary="%b"' % (kind, boundary))


PLAIN = UTF_8 + b"\r\n\r\n"
QUOTED = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
ATTACHED = b"Content-Type: application/pdf; name=f.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"

MAIL = (
    letter(b"afternoon meeting", b"Hello Joe, do you think we can meet at 3:30 tomorrow?\n"),
    letter(b"Re: afternoon meeting", b"Certainly.\n", b"Cc: fred@example.net, \"O'Neil, Joe\" <joe@example.net>"),
    letter(b"no words", b""),
    letter(b"folded\r\n here\r\n\tand there", b"a folded subject\n", b"X-Odd: first", b"X-Odd:second\r\n third"),
    letter(b"empty", b"a field without text\n", b"X-Empty:"),
    b"From: nobody\r\n\r\nno date, no subject\r\n",
    b"Subject: no body at all\r\n" + DATE,
    b"\r\nno header section at all: smith\r\n",
    letter(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= from =?iso-8859-1?Q?M=FCnchen?=", b"see subject\n"),
    letter(b"=?utf-8?b?5pel5pys?=\r\n =?utf-8?b?6Kqe?= text", b"split between two words\n"),
    letter(b"=?koi8-r?B?8NLJ18XU?=", b"russian\n"),
    letter("Grüße, unangemeldet".encode(), "acht Bit im Kopf: größer\n".encode(), UTF_8),
    text("utf-8", "Straße und ÄRGER, naïve café\n"),
    text("utf-8", "STRASSE: upper case\n", "quoted-printable"),
    text("utf-8", "größte Mühe, " * 12 + "zeilenweise\n", "quoted-printable"),
    text("utf-8", "ünsichtbar verpackt, hidden in base64\n" * 3, "base64"),
    text("iso-8859-1", "déjà vu à Besançon\n"),
    text("iso-8859-15", "prix: 5 €\n", "quoted-printable"),
    text("windows-1251", "Привет, мир\n"),
    text("koi8-r", "Привет, МИР ещё раз\n", "base64"),
    text("iso-8859-7", "ΣΊΣΥΦΟΣ και Οδυσσεύς\n"),
    text("iso-2022-jp", "日本語の手紙\n", "7bit"),
    text("shift_jis", "ﾃｽﾄ テスト\n"),
    text("euc-jp", "日本語テスト\n", "base64"),
    text("gb2312", "你好，世界\n"),
    text("big5", "繁體中文\n", "quoted-printable"),
    text("euc-kr", "안녕하세요\n"),
    text("utf-7", "utf sieben: ä\n", "7bit"),
    text("utf-16", "zwei Oktette: ö\n", "base64"),
    text("utf-8", "no-break\u00a0space, ﬁne ligature, e\u0301 apart, Å ångström\n", "base64"),
    text("us-ascii", "equals 1=2, =41 is not decoded here\n", "7bit"),
    letter(b"soft", b"a soft line br=\neak and =41=42=43 encoded=\n", b"Content-Type: text/plain; charset=us-ascii",
           b"Content-Transfer-Encoding: quoted-printable"),
    letter(b"segments", b"+APY- is one letter\n", b"Content-Type: text/plain; charset*0=utf; charset*1=-7"),
    letter(b"percent", b"+APw- is one letter\n", b"Content-Type: text/plain; charset*=''utf%2D7"),
    letter(b"unknown charset", b"as it is: 8\n", b"Content-Type: text/plain; charset=x-none"),
    several(PLAIN + b"plain and", QUOTED + b"<p style=3D\"x\">hyper=\r\ntext</p> =C3=A4rgerlich", kind=b"alternative"),
    several(PLAIN + b"with an attachment", ATTACHED + encodebytes(b"attached smith tomorrow")),
    several(PLAIN + b"see below", MESSAGE + letter(b"inner =?utf-8?q?gr=C3=BCn?=", b"within\n")),
    several(b"\r\nno fields in this part", b"X-Part: meeting\r\n\r\nfields in this one"),
    several(PLAIN + b"preamble", PLAIN + b"unclosed")[:-8],
    letter(b"long", b"one word in many: " + b"lorem ipsum dolor\n" * 2000 + b"needle\n"),
)  # fmt: skip

# Words that stand in some message, in the case and form that a user may type.
FOUND = (
    "meeting", "MEETING", "Joe", "3:30 tomorrow", "o'neil", "folded here", "here\tand", "second third", "first",
    "smith", "SMITH <", "nobody", "grüße", "GRÜSSE", "grüsse from münchen", "日本語", "日本", "Привет", "привет, мир",
    "ЕЩЁ", "strasse", "STRASSE", "straße", "ärger", "café", "naïve", "größte mühe", "zeilenweise",
    "hidden in base64", "verpackt", "déjà", "5 €", "ΣΊΣΥΦΟΣ", "οδυσσεύς", "οδυσσεύσ", "手紙", "テスト", "ﾃｽﾄ",
    "你好", "世界", "繁體",
    "안녕", "sieben: ä", "zwei oktette: ö", "no-break space", "fine", "é apart", "ångström", "1=2", "=41",
    "soft line break",
    "ABC encoded", "ö is one", "ü is one", "hypertext", 'style="x"', "ärgerlich", "inner grün", "within",
    "subject: inner", "no fields", "x-part: meeting", "needle", "lorem ipsum dolor", "dolor\r\nlorem", "tomorrow",
    ":", "", " ", "e", "content-type", "quoted", "=b",
)  # fmt: skip

# Words that stand in none: other letters, another order, what is encoded or attached.
NOT_FOUND = ("zzz", "gru", "resume", "cafe", "οδυσσευσ", "München Grüße", "attached smith", "=?utf-8?q?", "QUJD", "=C3")
