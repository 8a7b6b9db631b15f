"""The scope of a scan: which subscriptions and workspaces the user wants, and which rule leaves out the others."""
