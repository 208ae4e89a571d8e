"""Streams of rows of any length: where rows come from, and the stream for asyncio."""
