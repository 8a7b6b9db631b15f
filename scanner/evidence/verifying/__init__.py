"""Verify a bundle: each module checks one kind of claim."""
