"""Outputs of a scan for other programs, after its report: the result line, metrics, a command."""
