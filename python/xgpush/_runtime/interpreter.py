"""In which interpreter of a process the package works: the main one.

Native code finds its interpreter by the thread it is on, and means the main one: in
another, exceptions would be none that anybody there catches, and the end would hang.
Newer interpreters refuse such a module only where an application asked for isolation.
"""

from importlib import import_module
from typing import Any


def _identity(interpreter: Any) -> int:
    # From 3.13 on with how it was made.
    return int(interpreter[0] if isinstance(interpreter, tuple) else interpreter)


def is_main() -> bool:
    """Whether this is the main one; or nobody can tell."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = import_module(name)
        except ImportError:
            continue
        return _identity(interpreters.get_current()) == _identity(interpreters.get_main())
    return True


if not is_main():
    raise ImportError(
        "xgpush works in the main interpreter of a process only, and this is a sub-interpreter: "
        "give each application a process of its own (uWSGI: single-interpreter = true; mod_wsgi: "
        "WSGIApplicationGroup %{GLOBAL})"
    )
