"""What is wrong with a settings file: every fault, with its line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `line` counts from 1; `text` says what is wrong and what to write instead."""

    line: int
    key: str
    text: str


class ConfigError(Exception):
    """The file cannot be used: nothing of it is. Its text names all faults, one a line."""

    def __init__(self, path: Path, faults: tuple[Fault, ...]) -> None:
        self.path = path
        self.faults = tuple(sorted(faults))
        lines = [f"{path}:{fault.line}: {fault.key}: {fault.text}" for fault in self.faults]
        super().__init__("\n".join(lines))
