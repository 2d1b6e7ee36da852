"""Streaming to a GPU: reading, copying in, computing, copying out and writing at the same time."""
