"""The page of settings is a settings file: it loads, it is complete, and its defaults are the defaults."""

import re
from dataclasses import replace
from pathlib import Path

from posthouse.config import DoorName, default_config, load_config

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def example() -> str:
    found = re.search(r"^```toml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_the_default_but_for_names(tmp_path: Path) -> None:
    """A page that shows other defaults than the code's misleads; one that does not load is useless."""
    path = tmp_path / "posthouse.toml"
    path.write_text(example())
    assert load_config(path) == replace(default_config(), hostname="mail.example.org")


def test_every_setting_is_on_the_page() -> None:
    """What the settings' own table knows, the page shows."""
    source = (PAGE.parents[1] / "src/posthouse/config/settings.py").read_text()
    keys = {
        key for names in re.findall(r"^_[A-Z]+(?:_KEYS|IONS): Final = \((.*?)\)\s", source, re.MULTILINE | re.DOTALL)
        for key in re.findall(r'"(\w+)"', names)
    }  # fmt: skip
    assert len(keys) > 15
    shown = set(re.findall(r"^\[?(?:listeners\.)?([a-z0-9_]+)", example(), re.MULTILINE)) | {"listeners"}
    assert keys | set(DoorName) <= shown
