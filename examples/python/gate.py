"""A gate of a game: what its players do goes into the outbox that all gates share, so that
a player who moves to another gate is bound there last.

Options come from the environment: ``XGPUSH_ACCESS_ID`` …, ``XGPUSH_OUTBOX_URL`` names the
Redis of the gates, ``XGPUSH_OUTBOX_NAME`` this gate.

It reads a line for each login, ``NUMBER PHONE PLAYER``, and prints ``durable NUMBER`` once
no end of this process can undo it (only then may the player log in elsewhere), then
``accepted NUMBER`` when the service took it, ``superseded NUMBER`` when a newer login made
it pointless, or another reason; and ``relays`` or ``waits`` when that changes.
"""

import logging
import sys
import threading

import xgpush


def read_logins(outbox: xgpush.Outbox) -> None:
    for line in sys.stdin:
        number, phone, player = line.split()
        try:
            outbox.bind(phone, player, tag=int(number))
        except xgpush.Error as error:  # full, or what is no token: the gate goes on
            print(f"not taken: {error}", file=sys.stderr)
    outbox.close(10)


def main() -> int:
    with xgpush.Outbox.from_env(outbox_durable_notices=True) as outbox:
        reader = threading.Thread(target=read_logins, args=(outbox,), daemon=True)
        reader.start()
        role = ""
        while True:
            for report in outbox.reports(timeout=0.1):
                print(report.reason or "durable", report.tag, flush=True)
            now = "relays" if outbox.stats["role"] == 3 else "waits"
            if now != role:
                print(now, flush=True)
            role = now
            if not reader.is_alive():
                return 1 if outbox.stats["open"] else 0


if __name__ == "__main__":
    logging.basicConfig()  # a wrong key, a Redis that is away
    sys.exit(main())
