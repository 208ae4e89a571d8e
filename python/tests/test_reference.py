"""The reference is made from docstrings: whatever is public has one."""

import inspect
from typing import Any, Iterator, Tuple

import pytest
import xgpush
import xgpush.testing


def public() -> Iterator[Tuple[str, Any]]:
    for module in (xgpush, xgpush.errors, xgpush.testing):
        for name in getattr(module, "__all__", dir(module)):
            value = getattr(module, name)
            if not inspect.isclass(value) or not value.__module__.startswith("xgpush"):
                continue
            yield f"{module.__name__}.{name}", value
            for member in dir(value):
                what = inspect.getattr_static(value, member)
                documents = inspect.isroutine(what) or inspect.isdatadescriptor(what)
                # Fields of a tuple have comments; inherited members are documented elsewhere.
                fields = getattr(value, "_fields", ())
                ours = any(member in vars(c) for c in value.__mro__ if c.__module__[:6] == "xgpush")
                if documents and ours and not member.startswith("_") and member not in fields:
                    yield f"{module.__name__}.{name}.{member}", what


@pytest.mark.parametrize("name, value", dict(public()).items())
def test_it_says_what_it_is(name: str, value: Any) -> None:
    assert inspect.getdoc(value), name


def test_all_of_it_is_looked_at() -> None:
    names = dict(public())
    assert {"xgpush.AsyncClient.bind", "xgpush.Client.bulk", "xgpush.ItemOutcome.state", "xgpush.errors.Unknown"} <= set(names)
    assert len(names) > 120, len(names)
