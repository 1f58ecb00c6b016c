"""What an issuer shows the world: its metadata in three shapes, and its keys."""

from dataclasses import dataclass

from tenants.oauth import json_text, metadata
from tenants.records import Policy
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Published:
    """JSON, ready to send, and the policy that the doors need without a turn."""

    authorization_server: bytes
    openid_configuration: bytes
    protected_resource: bytes
    jwks: bytes
    policy: Policy


def publish(turn: Turn, _: None) -> Published:
    issuer = turn.issuer
    return Published(
        json_text.write(metadata.authorization_server(issuer)),
        json_text.write(metadata.openid_configuration(issuer)),
        json_text.write(metadata.protected_resource(issuer)),
        json_text.write(metadata.key_set(turn.tx.signing_keys.all())),
        issuer.policy,
    )
