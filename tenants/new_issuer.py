"""What a new issuer may be called."""

import re
from dataclasses import dataclass

from tenants import issuer_uri
from tenants.acts.operate import check_policy
from tenants.problems import Invalid
from tenants.records import Policy

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssuer:
    id: str
    uri: str
    display_name: str
    policy: Policy


def check_new(new: NewIssuer) -> None:
    """Raises Invalid unless id, URI and policy are ones that an issuer may have."""
    if not _ID.fullmatch(new.id) or new.id.startswith("xn--"):
        raise Invalid("issuer_id", "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -")
    issuer_uri.check(new.uri)
    if len(new.display_name) > 63:
        raise Invalid("issuer.display_name", "must be at most 63 characters")
    try:
        check_policy(new.policy)
    except Invalid as invalid:
        raise Invalid(f"issuer.policy.{invalid.field}", invalid.description) from None
