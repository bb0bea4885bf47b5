"""Findings from facts: pure functions, no file, device or network."""
