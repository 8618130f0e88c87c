"""Dovecot 2.3 with sdbox: the peer of IMAP, POP3 and IDLE. Debian's package, with folders and ports of our own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.group import Group
from bench.loopback import assert_on_loopback, free_ports, wait_for_port
from bench.scale import DATA, LOOPBACK, PASSWORD, WORK

_PROGRAM = Path("/usr/sbin/dovecot")
_NOBODY = 65_534
_SETTINGS = """\
base_dir = {work}/base
state_dir = {work}/state
log_path = {work}/log
instance_name = posthouse-bench
protocols = imap pop3
listen = {address}
ssl = yes
ssl_cert = <{work}/certificate.pem
ssl_key = <{work}/key.pem
disable_plaintext_auth = no
mail_location = sdbox:~/Mail
first_valid_uid = 100
mail_max_userip_connections = 5000
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={data}/home/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
  service_count = 0
  process_min_avail = 2
  client_limit = 2000
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
  service_count = 0
  client_limit = 2000
}}
service imap {{
  process_limit = 3000
}}
service pop3 {{
  process_limit = 3000
}}
service anvil {{
  client_limit = 10000
}}
service auth {{
  client_limit = 20000
}}
service stats {{
  client_limit = 10000
}}
default_process_limit = 3000
default_vsz_limit = 2G
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """One instance that serves any account name with the one password."""

    group: Group
    imap: int
    imaps: int
    pop3: int

    def account(self, number: int) -> str:
        """The name by which an account logs in."""
        return f"u{number}"


def version() -> str:
    """As it calls itself; empty where it is not installed."""
    if not _PROGRAM.exists():
        return ""
    return subprocess.run((str(_PROGRAM), "--version"), capture_output=True, text=True, check=False).stdout.strip()


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Serve until the end of the context; everything is removed then."""
    work, data = WORK / "dovecot", DATA / "dovecot"
    imap, imaps, pop3 = free_ports(3)
    for folder in (work, data, data / "home"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o755)
    shutil.chown(data / "home", _NOBODY, _NOBODY)
    _make_certificate(work)
    settings = work / "dovecot.conf"
    settings.write_text(_SETTINGS.format(
        work=work, data=data, address=LOOPBACK, password=PASSWORD, uid=_NOBODY, imap=imap, imaps=imaps, pop3=pop3
    ))  # fmt: skip
    group = Group("dovecot")
    try:
        group.start((str(_PROGRAM), "-F", "-c", str(settings)), work / "errors")
        for port in (imap, imaps, pop3):
            wait_for_port(port)
        assert_on_loopback(group.pids())
        yield Dovecot(group, imap, imaps, pop3)
    finally:
        group.stop()
        shutil.rmtree(data, ignore_errors=True)


def _make_certificate(folder: Path) -> None:
    """P-256, as ours: what a handshake costs is no part of the comparison."""
    subprocess.run(
        (
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"),
            "-days", "2", "-subj", "/CN=localhost",
        ),
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
