"""Before a mailbox: CAPABILITY, login, NOOP, LOGOUT (RFC 3501 6.1, 6.2)."""

from collections.abc import Coroutine, Sequence
from typing import Final

from posthouse.doors.imap.answers import no, ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.login.login import Authenticated
from posthouse.protocol.imap import codes, commands, responses
from posthouse.protocol.imap.responses import Completion
from posthouse.protocol.sasl.mechanisms import MECHANISMS, Credentials

FAREWELL: Final = responses.bye("goodbye")


def capabilities(conversation: Conversation) -> Sequence[bytes]:
    """What the peer may use now."""
    if conversation.account is not None:
        return responses.CAPABILITIES
    is_encrypted = conversation.connection.tls is not None
    return responses.capabilities_before_login(
        MECHANISMS if may_log_in(conversation) else (),
        tls_is_offered=conversation.services.settings.starttls_is_available and not is_encrypted,
    )


def may_log_in(conversation: Conversation) -> bool:
    """Whether a password may travel on this channel (RFC 3501 11.1)."""
    return conversation.connection.tls is not None or conversation.services.settings.clear_login_is_allowed


LOGIN_NEEDS_TLS: Final = no("start TLS first, then log in", codes.PRIVACYREQUIRED)


def capability(conversation: Conversation, command: commands.Capability) -> Answer:
    conversation.connection.write(responses.capability(capabilities(conversation)))
    return ok("CAPABILITY is done")


def noop(conversation: Conversation, command: commands.Noop) -> Answer:
    return ok("NOOP is done")


def logout(conversation: Conversation, command: commands.Logout) -> Answer:
    conversation.deselect()    # BYE is the last that is said of a session (RFC 3501 7.1.5): no news behind it
    conversation.connection.write(FAREWELL)
    return ok("LOGOUT is done")


def login(conversation: Conversation, command: commands.Login) -> Answer:
    if not may_log_in(conversation):
        return LOGIN_NEEDS_TLS
    return enter(conversation, Credentials("", command.name, command.password))


def enter(conversation: Conversation, credentials: Credentials) -> Answer:
    """Let in whom the credentials name. Raises LoginError, or the coroutine does."""
    known = conversation.services.login.authenticate(credentials, conversation.connection.peer.ip)
    if isinstance(known, Authenticated):
        return _entered(conversation, known)
    return _wait(conversation, known)


async def _wait(conversation: Conversation, known: Coroutine[object, object, Authenticated]) -> Completion:
    return _entered(conversation, await known)


def _entered(conversation: Conversation, known: Authenticated) -> Completion:
    conversation.account = known
    conversation.connection.account_id = known.account_id
    return ok("you are logged in", codes.capability(capabilities(conversation)))
