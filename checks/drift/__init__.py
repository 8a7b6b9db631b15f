"""Compare two audits: findings, workspaces, rules, reach and waivers."""
