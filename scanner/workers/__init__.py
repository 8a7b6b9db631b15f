"""Reads subscriptions on workers: processes of this machine or a Dask cluster.

`workers` distributes subscriptions to the workers of a pool (`pools`). `shards` runs on a worker, and `gates`
notices there when the worker could only wait.
"""
