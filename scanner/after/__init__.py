"""What a scan writes or runs for others after its report: the result line, metrics, a command."""
