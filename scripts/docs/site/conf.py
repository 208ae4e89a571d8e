"""Sphinx's configuration of the site; build.sh uses it."""

import logging
import os
import re
from pathlib import Path
from typing import Any, Dict, List

import jieba

project = "xgpush"
release = os.environ["XG_VERSION"]
author = "the contributors of xgpush"
html_title = f"xgpush {release}"
root_doc = "README"
extensions = ["myst_parser"]
myst_heading_anchors = 4  # as the usual hosts make them
exclude_patterns = ["python/README.md", "scripts/docs/site/*.md"]  # of the package index; parts
suppress_warnings = ["toc.not_included"]

html_theme = "furo"  # loads nothing from other hosts
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}

# The search splits Chinese into words, and reads English in both languages.
html_search_language = "zh"
jieba.setLogLevel(logging.WARNING)
for term in ["返回码", "发件箱", "接入点", "白名单", "模拟器", "主循环", "续跑", "幂等", "落盘", "熔断"]:
    jieba.add_word(term)  # or it is found in parts only


def mark_language(app: Any, name: str, template: str, context: Dict[str, Any], tree: Any) -> None:
    if name.endswith(".zh-CN") or "/zh/" in name:
        context["language"] = "zh-CN"


def unlink_folders(app: Any, name: str, source: List[str]) -> None:
    """A link to a folder leads somewhere in the repository only."""
    here = Path(app.srcdir, name).parent
    source[0] = re.sub(
        r"\[([^\]]*)\]\(([^)#:\s]+)\)",
        lambda link: link[1] if (here / link[2]).is_dir() else link[0],
        source[0],
    )


def setup(app: Any) -> None:
    app.connect("source-read", unlink_folders)
    app.connect("html-page-context", mark_language)
