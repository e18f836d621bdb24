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


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages that the navigation does not name under «Further pages», so that none is out of reach."""
    folder = Path(config.docs_dir)
    named = set(_pages(config.nav or []))
    others = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    if further := [path for path in others if path not in named]:
        config.nav = [*(config.nav or []), {"Further pages": further}]
    return config


def _pages(nav: object) -> list[str]:
    if isinstance(nav, dict):
        return [page for item in nav.values() for page in _pages(item)]
    return [page for item in nav for page in _pages(item)] if isinstance(nav, list) else [str(nav)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every generated file that nobody has written by hand."""
    from mkdocs.structure.files import File

    generated = {f"reference/{name}.md": make() for name, make in reference.PAGES.items()}
    generated |= {f"pictures/{name}.svg": make() for name, make in pictures.PICTURES.items()}
    for path, content in generated.items():
        if files.get_file_from_path(path) is None:
            files.append(File.generated(config, path, content=content))
    return files
