"""Keep every run in a folder or a blob container: create-only files, and one line an entry in `index.jsonl`."""
