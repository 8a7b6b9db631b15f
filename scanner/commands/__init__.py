"""The commands: a module runs one command and returns its exit code. `scanner.cli` parses the options."""
