"""Jinja2 templates and the page's style and script; loaded as package data, never imported."""
