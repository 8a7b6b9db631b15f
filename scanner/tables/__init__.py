"""Turns payloads and gaps into the tables that checks read."""
