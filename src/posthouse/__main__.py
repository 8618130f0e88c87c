"""The program: `posthouse`, or `python -m posthouse`; called `sendmail`, it is `posthouse sendmail`."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command that was typed. Does not return."""
    from posthouse.cli.program import posthouse  # noqa: PLC0415 nothing but this is needed to ask for the version

    called = Path(sys.argv[0]).name
    posthouse(["sendmail", *sys.argv[1:]] if called == "sendmail" else None, prog_name="posthouse")


if __name__ == "__main__":
    main()
