"""The clients: calls that wait for their outcome, blocking and for asyncio."""
