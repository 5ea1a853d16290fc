"""Formats as pure functions, without input or output."""
