"""Policies: how they are parsed, composed, judged and scored."""
