"""Trains the zoo: tiny language models on text that this package generates."""
