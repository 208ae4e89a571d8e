"""What is closed at the end of a ``with`` or ``async with`` block."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Optional, Type, TypeVar

_Self = TypeVar("_Self", bound="Closing")
_AsyncSelf = TypeVar("_AsyncSelf", bound="AsyncClosing")


class Closing:
    """Closes itself at the end of a ``with`` block."""

    def close(self) -> Any:
        """Closes it: twice does no harm."""
        raise NotImplementedError

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


class AsyncClosing:
    """Closes itself at the end of an ``async with`` block."""

    async def aclose(self) -> None:
        """Closes it: twice does no harm."""
        raise NotImplementedError

    async def __aenter__(self: _AsyncSelf) -> _AsyncSelf:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()
