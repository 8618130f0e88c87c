"""Where the data is: `--data-directory` and `--config`, the same two options on every command.

Without either: POSTHOUSE_DATA_DIRECTORY or POSTHOUSE_CONFIG of the environment, then /etc/posthouse/posthouse.toml if
there is one, then /var/lib/posthouse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import click

from posthouse.cli.errors import CommandFailed
from posthouse.cli.gathering import gathered

F = TypeVar("F", bound=Callable[..., None])

CONFIG_FILE: Final = Path("/etc/posthouse/posthouse.toml")
DATA_DIRECTORY: Final = Path("/var/lib/posthouse")

_PATH: Final = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data is, as it was told on the command line or by the environment."""

    data_directory: Path | None
    config: Path | None

    @property
    def directory(self) -> Path:
        """The data directory that is meant. Raises CommandFailed when the settings cannot be read."""
        if self.data_directory is not None:
            return self.data_directory
        config = self.config or (CONFIG_FILE if CONFIG_FILE.exists() else None)
        if config is None:
            return DATA_DIRECTORY
        from posthouse.config import ConfigError, load_config  # noqa: PLC0415 it knows every room

        try:
            return load_config(config).data_directory
        except ConfigError as error:
            raise CommandFailed(str(error), "mend the file, or name the place with --data-directory") from error


def place_options(command: F) -> F:
    """Give a command the two options, as one parameter `place`; what it is not told itself, its group may have been."""
    return _options(gathered("place", Place)(command), _inherited)


def group_place_options(group: F) -> F:
    """Give the outermost group the same two options, so that they may stand before the command's name too."""
    return _options(group, None)


def _options(command: F, callback: Callable[[click.Context, click.Parameter, Path | None], Path | None] | None) -> F:
    for option in (
        click.option(
            "--config", type=_PATH, envvar="POSTHOUSE_CONFIG", metavar="FILE", callback=callback,
            help="The machine's settings.",
        ),
        click.option(
            "--data-directory", type=_PATH, envvar="POSTHOUSE_DATA_DIRECTORY", metavar="DIR", callback=callback,
            help=f"Where everything is kept, instead of what the settings say ({DATA_DIRECTORY}).",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _inherited(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None or parameter.name is None:
        return value
    told: Path | None = context.find_root().params.get(parameter.name)
    return told
