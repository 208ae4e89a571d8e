"""python_reference.py FOLDER: the HTML reference of the package, from its docstrings."""

import re
import sys
from pathlib import Path

import pdoc
import pdoc.render
import xgpush

for name in xgpush.__all__:
    getattr(xgpush, name)  # what is loaded on first use belongs to the reference
pdoc.render.configure(docformat="restructuredtext", show_source=False)
pdoc.pdoc("xgpush", "xgpush.testing", output_directory=Path(sys.argv[1]))

file = Path(sys.argv[1]) / "xgpush.html"
page = file.read_text(encoding="utf-8")
# A link to an inherited method has no anchor: it leads to the class.
anchors = set(re.findall(r'id="([^"]*)"', page))
page = re.sub(
    r'href="#([\w.]+)\.\w+"',
    lambda link: link[0] if link[0][7:-1] in anchors else f'href="#{link[1]}"',
    page,
)
file.write_text(page, encoding="utf-8")

names = {*xgpush.__all__, "Operations.bind"} - {"errors"}
lost = sorted(names - anchors)
if lost:
    sys.exit(f"not in the reference: {lost}")
