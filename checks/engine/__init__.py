"""Asks every chosen check and turns the answers into findings."""
