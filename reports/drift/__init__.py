"""The comparison of two audits as files and as a page."""
