"""The outboxes: background delivery, with methods that block or for asyncio."""
