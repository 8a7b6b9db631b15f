"""Reads subscriptions in several processes."""
