"""Questions to an audit that exists: `azml-audit explain` and `reach`."""
