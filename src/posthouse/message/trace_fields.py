"""Trace fields (RFC 5321 4.4): what each acceptance and each delivery writes above a message.

What a peer said about itself is put in such that it cannot end a line, a comment or a clause.
"""

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from posthouse.message.address import Address, ForwardPath, ReversePath
from posthouse.message.dates import ZonedInstant, format_date_time


class Transmission(Enum):
    """How a message was transmitted: the word behind "with" (RFC 5321 4.4, RFC 3848)."""

    SMTP = "SMTP"
    ESMTP = "ESMTP"
    ESMTPS = "ESMTPS"
    ESMTPA = "ESMTPA"
    ESMTPSA = "ESMTPSA"
    LOCAL = "local"    # through the control socket: no SMTP was spoken

    __hash__ = object.__hash__    # members are single objects; Enum's own hash runs in Python, at every message

    @staticmethod
    def of(*, is_extended: bool, is_encrypted: bool, is_authenticated: bool) -> "Transmission":
        """The word for a session: said EHLO, has TLS, has authenticated. TLS and AUTH need EHLO (RFC 3848)."""
        return _TRANSMISSIONS[is_extended or is_encrypted or is_authenticated, is_encrypted, is_authenticated]


_TRANSMISSIONS: Final = {
    (False, False, False): Transmission.SMTP,
    (True, False, False): Transmission.ESMTP,
    (True, True, False): Transmission.ESMTPS,
    (True, False, True): Transmission.ESMTPA,
    (True, True, True): Transmission.ESMTPSA,
}


class ReceivedFacts(Struct, frozen=True):
    """What a Received field tells. ``peer_ip`` is None for what came through no network."""

    ehlo_name: str    # claimed by the peer: hostile
    peer_ip: str | None
    hostname: str
    transmission: Transmission
    identifier: str
    at: ZonedInstant
    recipient: ForwardPath | None = None    # only when it is the sole one, else it would tell who got blind copies


# RFC 1035 names and address literals: the EHLO arguments of RFC 5321 4.1.1.1. Others are cleaned.
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._:\[\]-]")
_NAME_OCTETS_MAX: Final = 255    # RFC 5321 4.5.3.1.2


def received_field(facts: ReceivedFacts) -> bytes:
    """One Received field, folded, with its line end (RFC 5321 4.4)."""
    recipient = f"\r\n\tfor <{facts.recipient}>" if facts.recipient is not None else ""
    return (
        f"{_from_by_with(facts.ehlo_name, facts.peer_ip, facts.hostname, facts.transmission)}"
        f" id {_safe(facts.identifier)}{recipient};\r\n\t{format_date_time(facts.at)}\r\n"
    ).encode()


@lru_cache(maxsize=256)    # one for each peer that is here now
def _from_by_with(ehlo_name: str, peer_ip: str | None, hostname: str, transmission: Transmission) -> str:
    peer = f" ({_address_literal(peer_ip)})" if peer_ip is not None else ""
    return f"Received: from {_safe(ehlo_name)}{peer}\r\n\tby {_safe(hostname)} with {transmission.value}"


def return_path_field(reverse_path: ReversePath) -> bytes:
    """The Return-Path field that final delivery writes (RFC 5321 4.4), with its line end."""
    return f"Return-Path: <{reverse_path}>\r\n".encode()


def delivered_to_field(address: Address) -> bytes:
    """The Delivered-To field (RFC 9228) naming the address that the message was delivered for, with its line end."""
    return f"Delivered-To: {address}\r\n".encode()


def _safe(name: str) -> str:
    """A name that cannot leave its place: what is not of a domain or an address literal becomes a question mark."""
    if _SAFE_NAME.fullmatch(name):
        return name
    return _UNSAFE.sub("?", name[:_NAME_OCTETS_MAX]) or "unknown"


def _address_literal(peer_ip: str) -> str:
    return f"[IPv6:{_safe(peer_ip)}]" if ":" in peer_ip else f"[{_safe(peer_ip)}]"
