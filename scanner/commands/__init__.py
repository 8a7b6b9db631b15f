"""The commands: each module does one and returns its exit code. Heavy imports happen inside them."""
