"""Examines before a scan what it could read, and lists the permissions that it needs.

`examination` yields `findings`, and takes those about each action from `roles`. `permissions` knows the actions
that a scan needs and writes the custom role.
"""
