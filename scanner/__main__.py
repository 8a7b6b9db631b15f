"""`python -m scanner` is `azml-audit`."""

from scanner.cli.main import main

if __name__ == "__main__":
    main()
