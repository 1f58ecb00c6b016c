"""The certificates of the admin API: how long they are good."""

import time
from collections.abc import Iterator
from pathlib import Path

from server.cli.health.finding import Finding, fail, ok, warn
from server.unreadable import why

DAY = 86_400
SOON = 14 * DAY


def expiry(path: Path) -> Iterator[Finding]:
    """Of all that are in a PEM file."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        yield fail("certificate", f"{path} cannot be read: {why(error)}", "give a certificate in PEM")
        return
    ends = min(certificate.not_valid_after_utc for certificate in found)
    said = f"{path} is good until {ends:%Y-%m-%d}"
    left = ends.timestamp() - time.time()
    if left < 0:
        yield fail("certificate", f"{path} ended on {ends:%Y-%m-%d}", "put a newer one there; it is read at once")
    elif left < SOON:
        yield warn("certificate", said, "put a newer one there; it is read at once")
    else:
        yield ok("certificate", said)
