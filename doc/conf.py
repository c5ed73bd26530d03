# SPDX-License-Identifier: BSD-3-Clause
"""Sphinx: HTML and the manual pages."""
import re
from pathlib import Path

_build = (Path(__file__).resolve().parents[1] / "meson.build").read_text()

project = "weft"
author = "the authors of weft"
copyright = author
release = version = re.search(r"version: '([^']+)',\n    license", _build).group(1)

master_doc = "index"
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "A virtual switch for guests on KVM hosts",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_copy_source = False
html_show_copyright = False
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
highlight_language = "none"
smartquotes = False

man_pages = [
    ("man/weft", "weft", "virtual switch daemon", "", 8),
    ("man/weftctl", "weftctl", "asks and changes a running weft", "", 1),
]
man_show_urls = True
