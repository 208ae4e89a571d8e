"""``xgpush relay``: a process of a fleet that only relays."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import Optional

from .._outbox.outbox import Outbox
from . import settings as _settings, signals as _signals

#: How often to look for signals, in seconds.
_POLL = 0.2
#: How often to write the file of ``--prometheus``, in seconds.
_PAGE_INTERVAL = 10.0

EPILOG = """\
It relays while it holds the lease, and waits for the lease while another process has it:
run two, on two machines. SIGTERM, SIGINT and SIGHUP end it: it takes nothing more, waits
for the requests in flight, and gives the lease away, so another process goes on at once.
Log lines go to standard error.

exit status:
  0    ended by a signal, with nothing in flight
  1    ended by a signal, and --grace was too short: another process sends again what was
       in flight, as soon as the lease has run out
  2    wrong arguments or options, or an engine that cannot be used
  3    credentials are missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _settings.add_option_arguments(parser)
    _settings.add_engine_argument(parser)
    add = parser.add_argument
    add(
        "--grace",
        type=_seconds,
        metavar="S",
        default=10.0,
        help="how long requests in flight may take after a signal, in seconds (default: 10)",
    )
    add(
        "--prometheus",
        metavar="FILE",
        help="write the numbers to this file every 10 s, as the textfile collector of "
        "node_exporter reads them (its name ends in .prom)",
    )
    parser.set_defaults(command=run)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not in 0 to 86400")
    return value


def run(options: argparse.Namespace) -> int:
    chosen = _settings.engine_options(options)
    with _signals.caught() as stop:
        outbox = Outbox.from_env(**{**chosen, "outbox_role": "relay"})
        try:
            page = _Page(options.prometheus, outbox)
            outbox.on_log(_settings.log)
            _settings.log("the relay is ready")
            while not stop:
                page.write_when_due()
                time.sleep(_POLL)
            _settings.log("ending: waiting for requests in flight")
            left = outbox.close(options.grace)
            page.write()
        finally:
            outbox.close(0)
    if left:
        _settings.log(f"{left} operations were in flight")
    return 1 if left else 0


class _Page:
    """The file of ``--prometheus``. It is replaced as a whole: a reader sees the old page or
    the new one."""

    def __init__(self, path: Optional[str], outbox: Outbox) -> None:
        self._path = path
        self._outbox = outbox
        self._due = 0.0
        self._failed = False
        if path is not None:
            try:
                self._replace()
            except OSError as error:
                raise ValueError(f"--prometheus {path} cannot be written: {error.strerror}") from None
            self._due = time.monotonic() + _PAGE_INTERVAL

    def write_when_due(self) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _PAGE_INTERVAL
            self.write()

    def write(self) -> None:
        """Writes the page. A full disk must not end the relay: it is said once, until it
        works again."""
        if self._path is None:
            return
        try:
            self._replace()
            self._failed = False
        except OSError as error:
            if not self._failed:
                _settings.log(f"{self._path} cannot be written: {error.strerror}")
            self._failed = True

    def _replace(self) -> None:
        assert self._path is not None
        folder, name = os.path.split(os.path.abspath(self._path))
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self._outbox.prometheus())
            # Collectors run as another user.
            os.chmod(temporary, 0o644)
            os.replace(temporary, self._path)
        except BaseException:
            os.unlink(temporary)
            raise
