"""The answers of Azure: payloads, gaps, redaction and the spool on disk."""
