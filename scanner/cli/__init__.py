"""The command line. Each module has the commands of one heading in `azml-audit --help`, or of one group.

start: demo, scan · results: trace, diff, verify, report · checks · prepare: doctor, permissions · policies ·
develop: emulator, schema. `main` lists them, `options` has the options that several commands share, `command`
and `help` connect them to typer, and `boundary` turns errors into exit codes.
"""
