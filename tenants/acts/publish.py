"""What an issuer shows the world: its metadata as a server and as a resource, that of its resources, and its keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.acts.grant_types import offered, profiles
from tenants.oauth import json_text, metadata
from tenants.records import Policy
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Published:
    """JSON, ready to send, and the policy that the doors need without a turn."""

    authorization_server: bytes
    protected_resource: bytes
    resources: Mapping[str, bytes]
    """Of those that are served, by id."""
    jwks: bytes
    policy: Policy


def publish(turn: Turn, _: None) -> Published:
    issuer, seen = turn.issuer, turn.sees_certificates
    ways = offered(turn), profiles(turn)
    return Published(
        json_text.write(metadata.authorization_server(issuer, *ways, sees_certificates=seen)),
        json_text.write(metadata.protected_resource(issuer, sees_certificates=seen)),
        {
            each.id: json_text.write(metadata.registered_resource(issuer, each))
            for each in turn.tx.resources.all()
            if each.disabled_at is None
        },
        json_text.write(metadata.key_set(turn.tx.signing_keys.all())),
        issuer.policy,
    )
