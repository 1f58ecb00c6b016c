"""What an issuer shows the world: its metadata in three shapes, that of its resources, and its keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.acts.grant_types import offered
from tenants.oauth import json_text, metadata
from tenants.records import Policy
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Published:
    """JSON, ready to send, and the policy that the doors need without a turn."""

    authorization_server: bytes
    openid_configuration: bytes
    protected_resource: bytes
    resources: Mapping[str, bytes]
    """Of those that are served, by id."""
    jwks: bytes
    policy: Policy


def publish(turn: Turn, _: None) -> Published:
    issuer, grant_types = turn.issuer, offered(turn)
    return Published(
        json_text.write(metadata.authorization_server(issuer, grant_types)),
        json_text.write(metadata.openid_configuration(issuer, grant_types)),
        json_text.write(metadata.protected_resource(issuer)),
        {
            each.id: json_text.write(metadata.registered_resource(issuer, each))
            for each in turn.tx.resources.all()
            if each.disabled_at is None
        },
        json_text.write(metadata.key_set(turn.tx.signing_keys.all())),
        issuer.policy,
    )
