"""Command lines (RFC 5321 4.1): which command a line is, and what its argument says.

Each reader gives an event, or the reply that the mistake deserves. Lenient where real clients are known to stray
(a space behind ``FROM:``, white space at the end, any one word as EHLO name), strict where a mistake could mean two
things.
"""

import re
from collections.abc import Mapping
from typing import Final

from posthouse.message.address import (
    AddressSyntaxError,
    parse_forward_path,
    parse_reverse_path,
    split_path,
)
from posthouse.message.envelope import BodyType
from posthouse.protocol.sasl.encoding import decode_initial_response
from posthouse.protocol.sasl.errors import SaslSyntaxError
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.events import AuthRequested, MailReceived, RcptReceived
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.settings import EHLO_NAME_OCTETS_MAX, ServerSettings
from posthouse.protocol.smtp.states import Verb

VERBS: Final = {verb.name.encode("ascii"): verb for verb in Verb}
# Commands of other extensions and of RFC 821: known, and not implemented (RFC 5321 4.2.4).
UNOFFERED: Final = frozenset((b"ATRN", b"BDAT", b"BURL", b"ETRN", b"SAML", b"SEND", b"SOML", b"TURN"))
# A web page can make a browser post commands to us; no mail client says these (as Postfix's smtpd_forbidden_commands).
HTTP_METHODS: Final = frozenset((b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PUT"))

_MUST_HAVE_TEXT: Final = frozenset((Verb.VRFY, Verb.EXPN))
_MAY_HAVE_TEXT: Final = _MUST_HAVE_TEXT | {Verb.NOOP, Verb.HELP}
_EHLO_NAME: Final = re.compile(rb"[!-~]+")
_PRINTABLE: Final = re.compile(rb"[ -~\x80-\xff]+")
# How nearly every MAIL is written; what it misses is read in steps, to the same end.
_USUAL_MAIL: Final = re.compile(
    rb"(?:FROM|from|From):(<[!#-;=?-~]*>)(?: SIZE=([0-9]{1,20}))?(?: BODY=(8BITMIME|7BIT))?"
)
_USUAL_RCPT: Final = re.compile(rb"(?:TO|to|To):(<[!#-;=?-~]*>)")
# RFC 5321 4.1.1.11 esmtp-param.
_PARAMETER: Final = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_SIZE: Final = re.compile(rb"[0-9]{1,20}")    # RFC 1870 3
_XTEXT: Final = re.compile(rb"<>|(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")    # RFC 4954 5, RFC 3461 4
_BODY_TYPES: Final[Mapping[bytes | None, BodyType]] = {
    None: BodyType.SEVEN_BIT,
    b"7BIT": BodyType.SEVEN_BIT,
    b"8BITMIME": BodyType.EIGHT_BIT_MIME,
}


def read_hello(argument: bytes) -> str | None:
    """The name that EHLO or HELO gives, None when there is none. Any one printable word will do (RFC 5321 4.1.4)."""
    if len(argument) > EHLO_NAME_OCTETS_MAX or _EHLO_NAME.fullmatch(argument) is None:
        return None
    return argument.decode("ascii")


def fault_of_argument(verb: Verb, argument: bytes) -> Reply | None:
    """What is wrong with the argument of a command that needs no reader: RFC 5321 4.1.1.4 to 4.1.1.10."""
    if verb not in _MAY_HAVE_TEXT:
        return replies.NO_ARGUMENT_ALLOWED if argument else None
    if not argument:
        return replies.ARGUMENT_MISSING if verb in _MUST_HAVE_TEXT else None
    return None if _PRINTABLE.fullmatch(argument) else replies.ARGUMENT_WRONG


def read_mail(argument: bytes, settings: ServerSettings) -> MailReceived | Reply:
    """Read ``FROM:<reverse-path>`` and its parameters (RFC 5321 4.1.1.2)."""
    usual = _USUAL_MAIL.fullmatch(argument)
    parts = _split_mail(argument, settings) if usual is None else usual.groups()
    if isinstance(parts, Reply):
        return parts
    path, size, body_type = parts
    size_octets = None if size is None else int(size)
    if size_octets is not None and size_octets > settings.message_size_octets_max:
        return replies.message_too_large(size_octets, settings.message_size_octets_max)
    try:
        return MailReceived(parse_reverse_path(path), _BODY_TYPES[body_type], size_octets)
    except AddressSyntaxError as error:
        return replies.sender_malformed(error.reason)


def read_rcpt(argument: bytes) -> RcptReceived | Reply:
    """Read ``TO:<forward-path>``; no extension of ours gives it parameters (RFC 5321 4.1.1.3)."""
    usual = _USUAL_RCPT.fullmatch(argument)
    path = _split_rcpt(argument) if usual is None else usual[1]
    if isinstance(path, Reply):
        return path
    try:
        return RcptReceived(parse_forward_path(path))
    except AddressSyntaxError as error:
        return replies.recipient_malformed(error.reason)


def read_auth(argument: bytes, mechanisms: tuple[str, ...]) -> AuthRequested | Reply:
    """Read ``mechanism [initial-response]`` (RFC 4954 4)."""
    words = argument.split()
    if not 1 <= len(words) <= 2 or not argument.isascii():
        return replies.MECHANISM_MISSING
    mechanism = words[0].decode("ascii").upper()
    if mechanism not in mechanisms:
        return replies.MECHANISM_UNKNOWN
    try:
        return AuthRequested(mechanism, decode_initial_response(words[1]) if len(words) == 2 else None)
    except SaslSyntaxError:
        return replies.NOT_BASE64


def _split_mail(argument: bytes, settings: ServerSettings) -> tuple[bytes, bytes | None, bytes | None] | Reply:
    """Cut MAIL's argument into path, SIZE (RFC 1870) and BODY (RFC 6152).

    AUTH (RFC 4954 5), which names who submitted the message first, is read where AUTH is announced, and ignored: we
    trust no peer's word on that.
    """
    if argument[:5].upper() != b"FROM:":
        return replies.MAIL_WRONG
    if not argument.isascii():
        return replies.SENDER_NOT_ASCII
    try:
        path, rest = split_path(argument[5:].lstrip(b" "))
    except AddressSyntaxError as error:
        return replies.sender_malformed(error.reason)
    parameters = _split_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    size, body_type = parameters.pop(b"SIZE", None), parameters.pop(b"BODY", None)
    submitter = parameters.pop(b"AUTH", None) if settings.mechanisms else None
    if parameters or (body_type is not None and body_type.upper() not in _BODY_TYPES):
        return replies.PARAMETER_UNKNOWN
    if size is not None and _SIZE.fullmatch(size) is None:
        return replies.PARAMETER_WRONG
    if submitter is not None and _XTEXT.fullmatch(submitter) is None:
        return replies.PARAMETER_WRONG
    return path, size, None if body_type is None else body_type.upper()


def _split_rcpt(argument: bytes) -> bytes | Reply:
    """Find the path in RCPT's argument; no parameter may follow it."""
    if argument[:3].upper() != b"TO:":
        return replies.RCPT_WRONG
    if not argument.isascii():
        return replies.RECIPIENT_NOT_ASCII
    try:
        path, rest = split_path(argument[3:].lstrip(b" "))
    except AddressSyntaxError as error:
        return replies.recipient_malformed(error.reason)
    parameters = _split_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    return replies.PARAMETER_UNKNOWN if parameters else path


def _split_parameters(rest: bytes) -> dict[bytes, bytes] | Reply:
    """What follows a path, by keyword in upper case; a keyword without value has an empty one."""
    if rest and not rest.startswith(b" "):
        return replies.PARAMETER_WRONG
    parameters: dict[bytes, bytes] = {}
    for word in rest.split(b" "):
        if not word:
            continue
        found = _PARAMETER.fullmatch(word)
        if found is None or found[1].upper() in parameters:
            return replies.PARAMETER_WRONG
        parameters[found[1].upper()] = found[2] or b""
    return parameters
