"""Refuses sub-interpreters: the package works in the main interpreter of a process only.

Native code finds its interpreter by the current thread, and assumes the main one. In another
one its exceptions could not be caught, and the interpreter would hang at its end. Newer
versions of Python refuse such a module only if the application asks for isolation.
"""

from importlib import import_module
from typing import Any


def _identity(interpreter: Any) -> int:
    # A tuple from 3.13 on.
    return int(interpreter[0] if isinstance(interpreter, tuple) else interpreter)


def is_main() -> bool:
    """Whether this is the main interpreter; true if unknown."""
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
