"""A message to any server's submission port (RFC 6409), with the standard library's client."""

import smtplib
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from posthouse.cli.errors import CommandFailed
from posthouse.message.compose import ComposedMessage

TIMEOUT_SECONDS: Final = 300.0      # RFC 5321 4.5.3.2
SUBMISSION_PORT: Final = 587
STARTTLS_PORTS: Final = {25, 587, 2525, 2587}    # of RFC 5321 and RFC 6409; ours of `serve --dev` too


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to log in as, and where the password is; without a file it is asked for."""

    name: str
    password_file: Path | None

    def password(self) -> str:
        """Read it or ask for it. Raises CommandFailed."""
        if self.password_file is not None:
            try:
                with self.password_file.open() as file:
                    return file.readline(4096).rstrip("\r\n")
            except OSError as error:
                raise CommandFailed(f"{self.password_file} cannot be read ({error.strerror})") from error
        if not Path("/dev/tty").exists() or not sys.stderr.isatty():
            raise CommandFailed("there is no terminal to ask for the password at", "name a --password-file")
        return str(click.prompt(f"Password of {self.name}", hide_input=True, err=True))


def submit_remotely(
    server: str, account: Account, message: ComposedMessage, octets: bytes, *, insecure: bool
) -> None:
    """Submit over TLS, never in the clear. Raises CommandFailed with the server's own words."""
    host, port = _host_and_port(server)
    context = ssl._create_unverified_context() if insecure else ssl.create_default_context()
    password = account.password()
    try:
        with _connect(host, port, context) as client:
            client.login(account.name, password)
            refused = client.sendmail(
                str(message.author.address), [str(named.address) for named in message.to], octets,
                mail_options=() if octets.isascii() else ("BODY=8BITMIME",),
            )  # fmt: skip
    except ssl.SSLCertVerificationError as error:
        raise CommandFailed(
            f"{host} shows a certificate that cannot be trusted: {error.verify_message}",
            "name the host as its certificate does; --insecure is only for a server on trial",
        ) from error
    except smtplib.SMTPResponseException as error:
        raise CommandFailed(f"{host} says {error.smtp_code} {_text(error.smtp_error)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise CommandFailed(_refusals(host, error.recipients)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise CommandFailed(f"{server} cannot be reached: {error}", "check host, port and network") from error
    if refused:
        raise CommandFailed(_refusals(host, refused), "the other recipients have it")


def _connect(host: str, port: int, context: ssl.SSLContext) -> smtplib.SMTP:
    """On other ports TLS is tried from the first octet (RFC 8314 3.3), then STARTTLS: a server that speaks in the clear
    shows it at once, while one that waits for TLS says nothing for minutes."""
    if port not in STARTTLS_PORTS:
        try:
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError:    # it spoke, but not TLS
            pass
    client = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    client.starttls(context=context)
    return client


def _host_and_port(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if not colon:
        return server, SUBMISSION_PORT
    if not port.isdigit() or not host:
        raise CommandFailed(f"{server!r} is no server", "write HOST:PORT, such as mail.example.org:587")
    return host.strip("[]"), int(port)


def _refusals(host: str, refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{host} refuses {path}: {code} {_text(text)}" for path, (code, text) in refused.items())


def _text(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
