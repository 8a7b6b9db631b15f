"""Turns payloads into the tables that checks read."""
