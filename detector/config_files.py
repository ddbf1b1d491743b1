"""The data files of `config/`: inside the installed package, at the top level of a checkout."""

from importlib.resources import files
from pathlib import Path


def config_file(name: str) -> Path:
    """The path of a data file that is delivered with the service.

    >>> config_file("kpis.toml").is_file()
    True
    """
    package = Path(str(files("detector")))
    installed = package / "config" / name  # the wheel puts them there (pyproject.toml, force-include)
    return installed if installed.is_file() else package.parent / "config" / name
