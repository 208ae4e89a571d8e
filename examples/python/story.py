"""The story that C++, Python and Rust tell with the same words: ``make demo``
runs the three and compares what they print.

One line per item: step, item, state, reason, code, found; by tabs.
"""

import sys

import xgpush


def client(base_url: str, secret_key: str) -> xgpush.Client:
    return xgpush.Client(access_id="1500001048", secret_key=secret_key, base_url=base_url)


def token(n: int) -> str:
    """Two of the tokens are bad: the emulator refuses what begins like that."""
    return f"bad-token-{n:02}" if n in (7, 31) else f"token{n:02}"


def show(step: int, outcome: xgpush.Outcome) -> None:
    for item in outcome:
        found = ",".join(
            f"{account}/{'-' if kind is None else kind}" for account, kind in item.accounts
        )
        code = "-" if item.code is None else item.code
        print(step, item.index, item.state, item.reason, code, found or "-", sep="\t")


def tell(base_url: str) -> None:
    first_five = [token(n) for n in range(5)]
    with client(base_url, "1452fcebae9f3115ba794fb0fff2fd73") as service:
        show(1, service.bind((token(n), f"player{n:02}") for n in range(45)))
        show(2, service.query_by_token(first_five))
        show(3, service.unbind([("token01", "player01")]))
        show(4, service.clear_tokens(["token02"]))
        show(5, service.clear_accounts(["player03"]))
        show(6, service.query_by_token(first_five))
    with client(base_url, "0000000000000000000000000000dead") as stranger:
        show(7, stranger.bind([("token99", "player99")]))


tell(sys.argv[1])
