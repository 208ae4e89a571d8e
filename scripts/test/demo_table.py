"""demo_table.py [--check] FILE: shows what the demo's story came to, or checks it.

The file has one line per item: step, item, state, reason, code, found.
"""

import sys

STEPS = {
    "1": "bind 45 tokens, two of them bad",
    "2": "query five tokens",
    "3": "remove player01 from token01",
    "4": "clear token02",
    "5": "clear player03",
    "6": "query the five tokens again",
    "7": "bind with a wrong key",
}


def rows(path: str) -> "list[list[str]]":
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines]


def show(table: "list[list[str]]") -> None:
    print(f"{'step':<34} {'item':>4}  {'state':<9} {'reason':<16} {'code':>8}  found")
    last = None
    for step, item, state, reason, code, found in table:
        title = STEPS[step] if step != last else ""
        last = step
        print(f"{title:<34} {item:>4}  {state:<9} {reason:<16} {code:>8}  {found}")


def check(table: "list[list[str]]") -> None:
    """What the story must come to, whatever the language."""
    bound = [row for row in table if row[0] == "1"]
    assert len(bound) == 45, len(bound)
    bad = [row[1] for row in bound if row[2:5] == ["rejected", "item_refused", "1008006"]]
    assert bad == ["7", "31"], bad
    assert sum(row[2] == "accepted" for row in bound) == 43
    before = [row[5] for row in table if row[0] == "2"]
    assert before == [f"player0{n}/0" for n in range(5)], before
    after = [row[5] for row in table if row[0] == "6"]
    assert after == ["player00/0", "-", "-", "-", "player04/0"], after
    assert [row[2:5] for row in table if row[0] == "7"] == [
        ["rejected", "request_refused", "1008003"]
    ]


if sys.argv[1] == "--check":
    check(rows(sys.argv[2]))
else:
    show(rows(sys.argv[1]))
