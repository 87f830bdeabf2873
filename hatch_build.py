"""Puts the install script, generated from sql/, into the Python package's data."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class InstallScriptHook(BuildHookInterface[BuilderConfig]):
    """Runs sql/build.py before every wheel, sdist and editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write python_client/txjobs/_sql/txjobs.sql."""
        build = runpy.run_path(str(Path(self.root, "sql", "build.py")))
        build["write_package_data"]()
