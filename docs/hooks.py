"""MkDocs hook: adds the pages and pictures that are made from the code, so that none of them can be out of date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
import reference

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every generated file that nobody has written by hand."""
    from mkdocs.structure.files import File

    generated = {f"reference/{name}.md": make() for name, make in reference.PAGES.items()}
    generated |= {f"pictures/{name}.svg": make() for name, make in pictures.PICTURES.items()}
    for path, content in generated.items():
        if files.get_file_from_path(path) is None:
            files.append(File.generated(config, path, content=content))
    return files
