"""SCN: the scenarios that a workspace's network has to allow."""
