"""Asks Azure Resource Manager: sign-in, transport, pacing, retries."""
