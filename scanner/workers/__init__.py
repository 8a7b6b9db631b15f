"""Reads subscriptions on workers: processes of this machine or a Dask cluster."""
