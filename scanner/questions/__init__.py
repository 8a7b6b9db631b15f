"""Questions to an audit that exists: `azml-audit explain`, `reach`, `fix`, `diff` and `trace`."""
