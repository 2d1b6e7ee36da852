"""Numeric building blocks: pure torch on flat tensors; none knows a file, a model or a method's name."""
