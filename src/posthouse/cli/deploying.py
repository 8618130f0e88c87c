"""From options and settings to a deployment: sockets bound, the data directory locked, certificates found.

Sockets come first: ports below 1024 are for root, and finding the data directory drops root for its owner.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from posthouse.cli.errors import CommandFailed
from posthouse.cli.place import CONFIG_FILE, Place
from posthouse.config import Config, ConfigError, DoorName, default_config, load_config
from posthouse.config.development import DevelopmentKeys, development_config, development_keys, development_listeners
from posthouse.message.address import AddressSyntaxError, Domain
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.data_directory import DataDirectory, DataDirectoryError, create_data_directory
from posthouse.runtime.development_certificate import development_certificate
from posthouse.runtime.machine import machine_name
from posthouse.runtime.network import Endpoint, IfTaken, Listening, PortUnavailable, listen_on
from posthouse.server import Deployment

LOCK_SECONDS: Final = 3.0    # a server that was killed leaves a worker that takes a moment to notice

Listeners = Mapping[DoorName, tuple[Endpoint, ...]]


def deploy(place: Place, closing: ExitStack) -> Deployment:
    """A server as its settings say. `closing` gives the sockets and the lock back. Raises CommandFailed."""
    config = _settings(place)
    listening = _listen(config.listeners, IfTaken.REFUSE, closing)
    data = _take(config.data_directory, closing)
    if not config.certificates:
        name = config.hostname or machine_name()
        config = replace(config, certificates=(development_certificate(data.path, name, SystemClock().now()),))
    return Deployment(data, config, listening)


def deploy_for_trial(
    directory: Path, domain: str | None, ports: Mapping[DoorName, int], closing: ExitStack
) -> Deployment:
    """A server to try: everything made up once for its data directory. Raises CommandFailed."""
    listening = _listen(development_listeners(ports), IfTaken.TAKE_A_FREE_ONE, closing)
    data = _take(directory, closing)
    keys = _keys(data.path, domain)
    certificate = development_certificate(data.path, f"mail.{keys.domain}", SystemClock().now())
    return Deployment(data, development_config(data.path, keys, certificate, ports), listening, keys)


def _settings(place: Place) -> Config:
    file = place.config or (CONFIG_FILE if CONFIG_FILE.exists() else None)
    try:
        config = load_config(file) if file is not None else default_config()
    except ConfigError as error:
        raise CommandFailed(str(error), "mend these lines, then start again: nothing was started") from error
    return replace(config, data_directory=place.data_directory) if place.data_directory is not None else config


def _listen(listeners: Listeners, if_taken: IfTaken, closing: ExitStack) -> dict[DoorName, tuple[Listening, ...]]:
    endpoints = {f"{door} {endpoint.ip}": endpoint for door, where in listeners.items() for endpoint in where}
    try:
        bound = listen_on(endpoints, if_taken)
    except PortUnavailable as error:
        raise CommandFailed(str(error)) from error
    for listening in bound.values():
        closing.callback(listening.socket.close)
    return {
        door: tuple(bound[f"{door} {endpoint.ip}"] for endpoint in where) for door, where in listeners.items()
    }


def _take(path: Path, closing: ExitStack) -> DataDirectory:
    """The data directory, made if need be, and ours until the end."""
    try:
        data = create_data_directory(path)
        closing.enter_context(data.lock(LOCK_SECONDS))
    except DataDirectoryError as error:
        raise CommandFailed(error.reason, error.mend) from error
    return data


def _keys(directory: Path, domain: str | None) -> DevelopmentKeys:
    try:
        return development_keys(directory, Domain(domain) if domain else None, SystemChance())
    except AddressSyntaxError as error:
        raise CommandFailed(f"{domain!r} is no domain: {error.reason}", "write such as --domain a.test") from error
    except (OSError, ValueError) as error:
        raise CommandFailed(f"dev.json in {directory} cannot be used: {error}", "mend it, or remove it") from error
