"""What is asked of the directory, as operations on a transaction: requests in, responses out.

Raises what the directory and the store raise, and AddressSyntaxError; `answering` has the words for all of them.
"""

from datetime import UTC, datetime
from typing import assert_never

from posthouse.database.identifiers import AccountId, DomainId
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Account, Role, list_accounts, remove_account, show_account
from posthouse.directory.accounts import add_account as add_account_row
from posthouse.directory.aliases import Alias, add_alias, list_aliases, remove_alias, show_alias
from posthouse.directory.credentials import (
    add_application_password,
    list_application_passwords,
    remove_application_password,
    set_password,
)
from posthouse.directory.domains import PAGE_ROWS, LocalDomain, add_domain, list_domains, remove_domain, require_domain
from posthouse.directory.version import Occasion
from posthouse.doors.control.requests import (
    AddAccount,
    AddAlias,
    AddApplicationPassword,
    AddDomain,
    DirectoryChange,
    DirectoryQuestion,
    ListAccounts,
    ListAliases,
    ListDomains,
    RemoveAccount,
    RemoveAlias,
    RemoveApplicationPassword,
    RemoveDomain,
    SetPassword,
    ShowAccount,
    ShowAlias,
    ShowDomain,
)
from posthouse.doors.control.responses import (
    AccountDetails,
    AccountRow,
    AccountShown,
    AccountsListed,
    AliasesListed,
    AliasRow,
    AnyResponse,
    ApplicationPasswordRow,
    DomainRow,
    DomainsListed,
    Done,
)
from posthouse.message.address import Address, AddressSyntaxError, Domain, parse_address
from posthouse.message.dates import Instant
from posthouse.store.erasure import begin_erasure
from posthouse.store.mailboxes import make_mailboxes


def answer_question(tx: Transaction, question: DirectoryQuestion) -> AnyResponse:
    """Read what is asked for."""
    match question:
        case ShowDomain():
            return DomainsListed(domains=(_domain_row(require_domain(tx, domain_from(question.name))),))
        case ListDomains():
            return _domains_listed(list_domains(tx, DomainId(question.after)))
        case ShowAccount():
            return _show_account(tx, address_from(question.address))
        case ListAccounts():
            return _accounts_listed(list_accounts(tx, _domain_asked(question.domain), AccountId(question.after)))
        case ShowAlias():
            return AliasesListed(aliases=(_alias_row(show_alias(tx, address_from(question.address))),))
        case ListAliases():
            start = address_from(question.after) if question.after else None
            return _aliases_listed(list_aliases(tx, _domain_asked(question.domain), start))
        case _:
            assert_never(question)


def make_change(tx: Transaction, change: DirectoryChange, occasion: Occasion) -> AnyResponse:
    """Change what is asked for."""
    match change:
        case AddDomain():
            add_domain(tx, domain_from(change.name), occasion)
        case RemoveDomain():
            remove_domain(tx, domain_from(change.name), occasion)
        case RemoveAccount():
            begin_erasure(tx, remove_account(tx, address_from(change.address), occasion))
        case RemoveApplicationPassword():
            account = show_account(tx, address_from(change.address))
            remove_application_password(tx, account.account_id, change.label, occasion)
        case AddAlias():
            targets = tuple(address_from(target) for target in change.targets)
            add_alias(tx, address_from(change.address), targets, occasion)
        case RemoveAlias():
            remove_alias(tx, address_from(change.address), occasion)
        case _:
            assert_never(change)
    return Done()


def add_account(tx: Transaction, request: AddAccount, password_hash: str | None, occasion: Occasion) -> AnyResponse:
    """Make an account with the mailboxes that every account has, all empty."""
    account_id = add_account_row(tx, address_from(request.address), password_hash, Role.USER, occasion)
    make_mailboxes(tx, account_id, occasion.at)
    return Done()


def change_password(tx: Transaction, request: SetPassword, password_hash: str, occasion: Occasion) -> AnyResponse:
    """Let the account log in with this password, and with the one before no more."""
    set_password(tx, show_account(tx, address_from(request.address)).account_id, password_hash, occasion)
    return Done()


def keep_application_password(
    tx: Transaction, request: AddApplicationPassword, sha256: bytes, occasion: Occasion
) -> AnyResponse:
    """Let the account log in with one more password."""
    account = show_account(tx, address_from(request.address))
    add_application_password(tx, account.account_id, request.label, sha256, occasion)
    return Done()


def address_from(text: str) -> Address:
    """An address as somebody typed it. Raises AddressSyntaxError, with the text in its reason."""
    try:
        return parse_address(text)
    except AddressSyntaxError as error:
        raise AddressSyntaxError(f"{text!r} is no address: {error.reason}") from error


def domain_from(text: str) -> Domain:
    """A domain as somebody typed it. Raises AddressSyntaxError, with the text in its reason."""
    try:
        return Domain(text)
    except AddressSyntaxError as error:
        raise AddressSyntaxError(f"{text!r} is no domain: {error.reason}; write one such as example.org") from error


def shown_time(at: Instant) -> str:
    """A point in time as RFC 3339 writes it, to the second, UTC."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _domain_asked(text: str) -> Domain | None:
    return domain_from(text) if text else None


def _show_account(tx: Transaction, address: Address) -> AnyResponse:
    account = show_account(tx, address)
    passwords = list_application_passwords(tx, account.account_id)
    labels = tuple(ApplicationPasswordRow(password.label, shown_time(password.created_at)) for password in passwords)
    row = _account_row(account)
    return AccountShown(
        account=AccountDetails(row.address, row.role, row.has_password, row.created_at, application_passwords=labels)
    )


def _domains_listed(domains: list[LocalDomain]) -> AnyResponse:
    is_last = len(domains) < PAGE_ROWS
    return DomainsListed(
        domains=tuple(map(_domain_row, domains)), next_after=0 if is_last else domains[-1].domain_id
    )


def _accounts_listed(accounts: list[Account]) -> AnyResponse:
    is_last = len(accounts) < PAGE_ROWS
    return AccountsListed(
        accounts=tuple(map(_account_row, accounts)), next_after=0 if is_last else accounts[-1].account_id
    )


def _aliases_listed(aliases: list[Alias]) -> AnyResponse:
    is_last = len(aliases) < PAGE_ROWS
    return AliasesListed(
        aliases=tuple(map(_alias_row, aliases)), next_after="" if is_last else str(aliases[-1].address)
    )


def _domain_row(domain: LocalDomain) -> DomainRow:
    return DomainRow(str(domain.domain), shown_time(domain.created_at))


def _account_row(account: Account) -> AccountRow:
    return AccountRow(
        str(account.address), account.role.value, account.has_password, shown_time(account.created_at)
    )


def _alias_row(alias: Alias) -> AliasRow:
    return AliasRow(str(alias.address), tuple(map(str, alias.targets)))
