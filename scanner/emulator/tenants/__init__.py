"""Builds emulated tenants from small descriptions."""
