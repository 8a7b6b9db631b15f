"""Examines the identity and its connection before a scan."""
