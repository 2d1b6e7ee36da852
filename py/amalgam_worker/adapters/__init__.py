"""Merging LoRA adapters by their factors: the updates of a weight become one update."""
