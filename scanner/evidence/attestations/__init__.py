"""Signatures and timestamps that lie beside the manifest of a bundle."""
