"""Tensors on disk: element types, streamed reads, writes at planned offsets."""
