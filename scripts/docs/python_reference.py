"""python_reference.py FOLDER: the HTML reference of the package, from its docstrings."""

import sys
from pathlib import Path

import pdoc
import pdoc.render
import xgpush

for name in xgpush.__all__:
    getattr(xgpush, name)  # what is loaded on first use belongs to the reference
pdoc.render.configure(docformat="restructuredtext", show_source=False)
pdoc.pdoc("xgpush", "xgpush.testing", output_directory=Path(sys.argv[1]))

page = (Path(sys.argv[1]) / "xgpush.html").read_text(encoding="utf-8")
names = {*xgpush.__all__, "Operations.bind"} - {"errors"}
lost = [name for name in sorted(names) if f'id="{name}"' not in page]
if lost:
    sys.exit(f"not in the reference: {lost}")
