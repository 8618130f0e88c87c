"""TLS handshakes on a connection's transport: at its start, or in the middle of it. Limits and names of what fails."""

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from posthouse.doors.connection import Connection

HANDSHAKE_SECONDS_MAX: Final = 30.0    # three round trips on the slowest link, and a retransmission or two
CLOSE_SECONDS_MAX: Final = 30.0        # for what is still to be sent, and the peer's close_notify (RFC 8446 6.1)


async def encrypt(
    transport: asyncio.Transport, connection: "Connection", context: ssl.SSLContext
) -> asyncio.Transport | None:
    """Put TLS on a plain transport; the encrypted one to use from now on, None when the peer went away at its end.

    `connection_made` is not called again, and octets may reach `data_received` before this returns. Raises OSError
    (ssl.SSLError, a time-out, a reset).
    """
    return await asyncio.get_running_loop().start_tls(
        transport, connection, context, server_side=True,
        ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX, ssl_shutdown_timeout=CLOSE_SECONDS_MAX,
    )  # fmt: skip


async def accept(accepted: socket.socket, connection: "Connection", context: ssl.SSLContext) -> None:
    """Make a connection of an accepted socket, encrypted from its first octet. Raises OSError as `encrypt` does."""
    await asyncio.get_running_loop().connect_accepted_socket(
        lambda: connection, accepted, ssl=context,
        ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX, ssl_shutdown_timeout=CLOSE_SECONDS_MAX,
    )  # fmt: skip


def reason_of(failure: BaseException | None) -> str:
    """Why a handshake failed, in a few words for the journal."""
    if failure is None:
        return "the peer went away"
    if isinstance(failure, ssl.SSLError):
        return failure.reason or "TLS error"
    return str(failure) or type(failure).__name__
