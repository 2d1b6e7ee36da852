"""Kernels in C++, compiled on this machine in the background; until they are there torch does the same."""
