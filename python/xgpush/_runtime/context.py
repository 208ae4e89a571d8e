"""Context managers that close themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


class CloseOnExit:
    """Closed at the end of a ``with`` block."""

    def close(self) -> Any:
        """Closes it. Closing twice does no harm."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AcloseOnExit:
    """Closed at the end of an ``async with`` block."""

    async def aclose(self) -> None:
        """Closes it. Closing twice does no harm."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
