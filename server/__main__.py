"""`python -m server`, and the `tenantry` command."""

from server.cli.app import app


def main() -> None:
    app(prog_name="tenantry")


if __name__ == "__main__":
    main()
