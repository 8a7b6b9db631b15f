"""Jinja2 templates, style and script of the pages, loaded as package data and never imported."""
