"""The reader: it asks Azure for subscriptions, workspaces and their child resources."""
