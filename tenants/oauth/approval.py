"""Clients that nobody made but themselves may have to wait until the operator has looked at them."""

from tenants.oauth.refusal import Refusal
from tenants.records import Approval, Client, Policy


def of_newcomer(policy: Policy, former: Approval | None = None) -> Approval | None:
    """Of a client that comes for the first time, or says something else now than what was approved."""
    return "pending" if policy.approval_required else former


def check(client: Client) -> None:
    """Refusal `unauthorized_client` while it waits."""
    if client.approval == "pending":
        raise Refusal("unauthorized_client", "the operator of this issuer has not approved this client yet")
