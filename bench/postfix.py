"""Postfix to Maildir: the peer of acceptance. Debian's package, its defaults, an instance of our own folders and port.

Every mailbox is a Maildir of one user, as Postfix has it by `virtual(8)`. What costs time without belonging to the work
(TLS, name lookups, chroot) is off, so that it is as fast as it can be.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.group import Group
from bench.loopback import assert_on_loopback, free_ports, wait_for_port
from bench.scale import DATA, DOMAIN, LOOPBACK, WORK
from bench.smtp_load import Target

_NOBODY = 65_534        # whose the Maildirs are; Postfix never delivers as root
_PROGRAMS = Path("/usr/lib/postfix/sbin")
_MASTER = """\
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = """\
compatibility_level = 3.6
queue_directory = {data}/queue
data_directory = {data}/lib
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = {address}
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = none
smtp_dns_support_level = disabled
biff = no
alias_maps =
alias_database =
maillog_file = {work}/mail.log
maillog_file_prefixes = {work}
virtual_mailbox_limit = 0
message_size_limit = 52428800
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = hash:{work}/mailboxes
virtual_mailbox_base = {data}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 100
"""


def is_installed() -> bool:
    return (_PROGRAMS / "master").exists()


@contextmanager
def postfix(accounts: int) -> Iterator[Target]:
    """Serve `u0` to `u(accounts-1)` of the domain; everything is removed at the end."""
    work, data = WORK / "postfix", DATA / "postfix"
    port = free_ports(1)[0]
    for folder in (work, data):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o755)
    _prepare(work, data, port, accounts)
    group = Group("postfix")
    try:
        group.start(("/usr/sbin/postfix", "-c", str(work), "start-fg"), work / "log")
        wait_for_port(port)
        assert_on_loopback(group.pids())
        yield Target(group, port, partial(_pending, data / "queue"))
    finally:
        # `start-fg` is a script above the master, which hears of the end by Postfix's own command.
        subprocess.run(("/usr/sbin/postfix", "-c", str(work), "stop"), capture_output=True, timeout=30, check=False)
        group.stop()
        shutil.rmtree(data, ignore_errors=True)


def _prepare(work: Path, data: Path, port: int, accounts: int) -> None:
    for name in ("queue", "lib", "mail"):
        (data / name).mkdir(mode=0o755)
    shutil.chown(data / "lib", "postfix")
    shutil.chown(data / "mail", _NOBODY, _NOBODY)
    mailboxes = work / "mailboxes"
    mailboxes.write_text("".join(f"u{number}@{DOMAIN} u{number}/\n" for number in range(accounts)))
    (work / "master.cf").write_text(_MASTER.format(address=LOOPBACK, port=port))
    (work / "main.cf").write_text(
        _MAIN.format(data=data, work=work, programs=_PROGRAMS, address=LOOPBACK, domain=DOMAIN, uid=_NOBODY)
    )
    subprocess.run(("/usr/sbin/postmap", "-c", str(work), f"hash:{mailboxes}"), check=True, timeout=30)


def _pending(queue: Path) -> int:
    """Messages that were acknowledged and are not in their Maildir yet."""
    folders = (queue / name for name in ("incoming", "active", "deferred", "maildrop"))
    return sum(len(names) for folder in folders for _, _, names in os.walk(folder))
