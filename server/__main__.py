"""`python -m server`, and the `tenantry` command."""

import sys

from server.cli.app import app
from server.cli.failing import USED_WRONGLY


def main() -> None:
    try:
        "".join(sys.argv).encode("utf-8")
    except UnicodeEncodeError:  # what is no text came as surrogates, which no message can carry
        print("tenantry: the arguments are not UTF-8", file=sys.stderr)
        sys.exit(USED_WRONGLY)
    app(prog_name="tenantry")


if __name__ == "__main__":
    main()
