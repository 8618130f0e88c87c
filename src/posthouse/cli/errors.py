"""How a command fails: one line that says why, one that says what to do next, on standard error."""

import sys

import click


class CommandFailed(click.ClickException):
    """It was not done. `mend` says what to do next."""

    exit_code = 1

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.mend = mend

    def show(self, file: object = None) -> None:
        """Say so on standard error, whatever `file`."""
        click.echo(f"posthouse: {self.message}", file=sys.stderr)
        if self.mend:
            click.echo(f"  {self.mend}", file=sys.stderr)
