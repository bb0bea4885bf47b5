"""Findings for people and machines: pure functions from records to text or bytes."""
