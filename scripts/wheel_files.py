"""What a wheel holds besides the package: the built page, and what `ragspace bundle` takes from here.

An editable install, whose package lies in the repository, takes both from there.
"""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelFiles(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        guide = root / "huggingface-spaces" / "DEPLOYMENT.md"
        files = {root / "LICENSE": "space/template/LICENSE", root / "README.md": "sample_docs/README.md"}
        files |= {file: f"sample_docs/docs/{file.name}" for file in (root / "docs").glob("*.md")}
        files |= {file: f"space/template/{file.name}" for file in (root / "huggingface-spaces").iterdir()}
        files[guide] = f"sample_docs/{guide.relative_to(root).as_posix()}"
        page = runpy.run_path(str(root / "backend" / "ragspace" / "built_page.py"))
        built = root / "frontend" / "dist"
        files |= {built / path: f"{page['PACKED']}/{path}" for path in page["built_page"](built)}
        build_data["force_include"] |= {str(file): f"ragspace/{name}" for file, name in files.items()}
