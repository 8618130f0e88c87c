"""Which peers count as one: the unit of every limit and rate that is kept by peer."""

import ipaddress
from dataclasses import dataclass
from typing import Final

# The smallest block that one customer gets (RFC 6177 2): whoever has one address in it has them all.
_IPV6_PREFIX: Final = 64


@dataclass(frozen=True, slots=True)
class NetworkKey:
    """One IPv4 address, or the /64 of an IPv6 address. Make it by ``of``."""

    text: str

    @classmethod
    def of(cls, peer_ip: str) -> "NetworkKey":
        """The network of an IP address in text, zone index allowed. Raises ValueError when it is none.

        An IPv4 peer that a socket for both families shows as ``::ffff:192.0.2.1`` (RFC 4291 2.5.5.2) is an IPv4 peer.
        """
        address = ipaddress.ip_address(peer_ip)
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is None:
                return cls(str(ipaddress.IPv6Network((int(address), _IPV6_PREFIX), strict=False)))
            address = address.ipv4_mapped
        return cls(str(address))

    def __str__(self) -> str:
        return self.text
