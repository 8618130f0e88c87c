"""`posthouse serve`: the server itself, and with --dev a whole mail system to try."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posthouse.cli.gathering import gathered
from posthouse.cli.place import Place, place_options

if TYPE_CHECKING:
    from posthouse.config import DoorName


@dataclass(frozen=True, slots=True)
class Trial:
    """What `--dev` may be told."""

    dev: bool
    domain: str | None
    port: tuple[str, ...]
    as_json: bool


@click.command()
@click.option("--dev", is_flag=True, help="Try it: a made-up domain with two accounts, on loopback alone.")
@click.option("--domain", metavar="NAME", help="With --dev: the domain, instead of the made-up one.")
@click.option("--port", multiple=True, metavar="NAME=N", help="With --dev: another port, such as smtp=4025.")
@click.option("--json", "as_json", is_flag=True, help="With --dev: say it as one JSON object on one line.")
@gathered("trial", Trial)
@place_options
def serve(trial: Trial, place: Place) -> None:
    """Serve mail until SIGTERM or Ctrl-C; SIGHUP reads the certificates again (with --dev it ends the server, as
    closing its terminal does). Logs go to standard error.

    \b
    posthouse serve --dev
    posthouse serve --dev --domain a.test --data-directory trial --port smtp=4025
    posthouse serve --config /etc/posthouse/posthouse.toml
    """
    if not trial.dev and (trial.domain or trial.port or trial.as_json):
        raise click.UsageError("--domain, --port and --json belong to --dev; a settings file says the rest")
    if trial.dev and place.config is not None:
        raise click.UsageError("--dev makes its own settings and reads no file: leave out --config, or --dev")
    from posthouse.cli.announcing import announce  # noqa: PLC0415 from here on every room is loaded
    from posthouse.cli.deploying import deploy, deploy_for_trial  # noqa: PLC0415
    from posthouse.server import serve as serve_deployment  # noqa: PLC0415

    with ExitStack() as closing:
        if not trial.dev:
            status = serve_deployment(deploy(place, closing), lambda: None)
        else:
            ports, is_kept = _ports(trial.port), place.data_directory is not None
            directory = place.data_directory or _temporary_directory(closing)
            deployment = deploy_for_trial(directory, trial.domain, ports, closing)
            status = serve_deployment(deployment, lambda: announce(deployment, is_kept, trial.as_json))
    raise SystemExit(status)


def _temporary_directory(closing: ExitStack) -> Path:
    return Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="posthouse-")))


def _ports(given: tuple[str, ...]) -> "dict[DoorName, int]":
    """The ports that were asked for: NAME=N each."""
    from posthouse.config import DoorName  # noqa: PLC0415 as above

    ports = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in set(DoorName) or not number.isdigit() or int(number) > 65_535:
            raise click.UsageError(f"--port {text}: write NAME=N, such as smtp=4025; names: {', '.join(DoorName)}")
        ports[DoorName(name)] = int(number)
    return ports
