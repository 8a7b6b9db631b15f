"""The commands: each module runs the command of its name and returns the exit code.

`explain` runs `azml-audit policies explain`.
`scanner.cli` parses the options and imports a command only when it runs. The other modules serve several
commands: job, connections, gathering, replay, evidence and conclusion.
"""
