"""Binds two tokens to players' accounts and shows the result of each."""

import xgpush

# XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
with xgpush.Client.from_env() as client:
    outcome = client.bind({"token-of-phone-1": "alice", "token-of-phone-2": "bob"})
    for item in outcome:
        print(f"{item.index}: {item.state} {item.message}")
