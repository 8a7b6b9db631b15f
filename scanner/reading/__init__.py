"""What the reader asks for: subscriptions, workspaces and their child resources."""
