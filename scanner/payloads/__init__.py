"""Holds what Azure answered.

`questions` are asked and `answers` become payloads or gaps. `redaction` removes secrets before anything is kept,
`gaps` and `advice` name what closes a gap, and `spool` keeps payloads so that a scan can be resumed.
"""
