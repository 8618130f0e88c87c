"""Accounts, addresses, aliases and domains fit together, and whoever has an account has mailboxes."""

from posthouse.directory.addresses import base_address
from posthouse.message.address import Address, AddressSyntaxError, Domain, parse_address
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.faults import FaultKind

# What must not be found, and what it means; each statement names what it finds.
_IMPOSSIBLE = (
    (
        "SELECT account.address FROM account LEFT JOIN address ON address.account_id = account.account_id"
        " AND address.address = account.address WHERE address.address_key IS NULL",
        "the account has no address: no mail reaches it",
    ),
    (
        "SELECT address.address FROM address LEFT JOIN account USING (account_id)"
        " WHERE address.account_id IS NOT NULL AND account.account_id IS NULL",
        "the address is held by an account that is not there",
    ),
    (
        "SELECT address FROM address WHERE account_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM alias_target WHERE alias_target.address_key = address.address_key)",
        "the alias has no target",
    ),
    (
        "SELECT address_key FROM alias_target WHERE NOT EXISTS"
        " (SELECT 1 FROM address WHERE address.address_key = alias_target.address_key AND account_id IS NULL)",
        "targets stand for an alias that is not there",
    ),
    (
        "SELECT address FROM address LEFT JOIN domain USING (domain_id) WHERE domain.domain_id IS NULL",
        "its domain is not there",
    ),
    (
        "SELECT address FROM account LEFT JOIN domain USING (domain_id) WHERE domain.domain_id IS NULL",
        "its domain is not there",
    ),
    (
        "SELECT label FROM application_password WHERE NOT EXISTS"
        " (SELECT 1 FROM account WHERE account.account_id = application_password.account_id)",
        "the application password is of an account that is not there",
    ),
    (
        "SELECT address FROM account WHERE NOT EXISTS"
        " (SELECT 1 FROM counter WHERE counter.account_id = account.account_id AND mailbox_id = 0)",
        "the account has no mailboxes",
    ),
    (
        "SELECT account_id FROM counter WHERE mailbox_id = 0 AND NOT EXISTS"
        " (SELECT 1 FROM account WHERE account.account_id = counter.account_id)",
        "mailboxes are kept for an account that is not there",
    ),
)


def check_directory(inspection: Inspection) -> None:
    """Look at every row of the directory."""
    for sql, meaning in _IMPOSSIBLE:
        for (subject,) in inspection.tx.rows(sql + " LIMIT 1000"):
            inspection.report(FaultKind.DIRECTORY, str(subject), meaning)
    _check_keys(inspection)


def _check_keys(inspection: Inspection) -> None:
    """Keys are those of what was given: by them all is found."""
    for name, key in inspection.tx.rows("SELECT name, name_key FROM domain"):
        if _domain_key(name) != key:
            inspection.report(FaultKind.DIRECTORY, name, f"the domain is kept under the key {key}")
    last = ""
    while rows := inspection.tx.rows(
        "SELECT address_key, address, domain.name_key FROM address LEFT JOIN domain USING (domain_id)"
        " WHERE address_key > ? ORDER BY address_key LIMIT 1000",
        (last,),
    ):
        for key, text, domain_key in rows:
            address = _address(text)
            if address is None or address.key != key or domain_key not in (None, address.domain.key):
                inspection.report(FaultKind.DIRECTORY, text, f"the address is kept under the key {key}")
        last = rows[-1][0]
    for key, text, target_key in inspection.tx.rows("SELECT address_key, target, target_key FROM alias_target"):
        target = _address(text)
        if target is None or base_address(target).key != target_key:
            inspection.report(FaultKind.DIRECTORY, key, f"its target {text} is kept under the key {target_key}")


def _address(text: str) -> Address | None:
    try:
        return parse_address(text)
    except AddressSyntaxError:
        return None


def _domain_key(text: str) -> str | None:
    try:
        return Domain(text).key
    except AddressSyntaxError:
        return None
