"""``python -m xgpush``: the command."""

import sys

from ._command.main import main

sys.exit(main())
