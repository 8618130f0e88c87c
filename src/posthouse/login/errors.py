"""How a login can fail. Each door has one table that maps these to its own words."""


class LoginError(Exception):
    """Nobody was let in. `reason` is for the journal: the peer hears its door's own words."""

    reason = "not let in"


class LoginRefused(LoginError):
    """Name or password is wrong; which of them is never told."""

    reason = "wrong name or password"


class LoginShutOut(LoginError):
    """Too many wrong passwords: this account is shut to this network, right password or wrong, for a while."""

    reason = "shut out after too many wrong passwords"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"shut out for {retry_after_seconds:.0f} seconds")
        self.retry_after_seconds = retry_after_seconds


class LoginBusy(LoginError):
    """We cannot look at the password now: too many are being looked at, or the database does not answer."""

    reason = "too busy to look at the password"
