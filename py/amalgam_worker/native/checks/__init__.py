"""Comparisons of compiled kernels with torch, bit for bit, before they are used."""
