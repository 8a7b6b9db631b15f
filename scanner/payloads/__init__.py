"""What Azure answered: payloads, gaps, redaction and the spool on disk."""
