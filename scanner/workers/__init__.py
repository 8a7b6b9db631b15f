"""Reads subscriptions on workers: processes of this machine or a Dask cluster.

`workers` distributes subscriptions (`outstanding`) to the workers of a pool (`pools`). `shards` runs on a worker,
`gates` notices there when the worker could only wait, and `steps` reports its waits to the scan.
"""
