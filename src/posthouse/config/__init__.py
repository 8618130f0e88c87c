"""The machine's settings: one TOML file, or none at all.

Owns the file's words: which keys there are, what their values may be. The settings themselves stand beside the code
that they govern; here they are assembled. Promises that a file with a fault starts nothing, and that *all* its faults
are named at once, each with its line and what to write instead. Domains, accounts and aliases are not in it: they live
in the database.

Start with ``settings`` (what can be set); ``reading`` checks, ``lines`` finds the line, ``units`` reads "50 MB".
"""

from posthouse.config.faults import ConfigError
from posthouse.config.settings import Config, DoorName, default_config, load_config

__all__ = ["Config", "ConfigError", "DoorName", "default_config", "load_config"]
