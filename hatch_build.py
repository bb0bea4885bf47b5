"""Carry hooks/ and reports/ inside the wheel; plain force-include would break editable installs."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        for name in ("hooks", "reports"):
            folder = Path(self.root) / name
            if not folder.is_dir():
                raise FileNotFoundError(f"cannot build a wheel without {name}/")
            build_data["force_include"][str(folder)] = f"appaudit/_bundled/{name}"
