"""Reads Azure, tabulates what it said and drives an audit from the command line."""
