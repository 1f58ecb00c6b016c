"""The admin server: its services, health and reflection, on one gRPC port."""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

from collections.abc import Callable

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos.admin.v1 import (
    client_service_pb2,
    client_service_pb2_grpc,
    identity_provider_service_pb2,
    identity_provider_service_pb2_grpc,
    issuer_service_pb2,
    issuer_service_pb2_grpc,
    registration_token_service_pb2,
    registration_token_service_pb2_grpc,
    resource_service_pb2,
    resource_service_pb2_grpc,
    webhook_service_pb2,
    webhook_service_pb2_grpc,
)
from server.admin.calls import Calls, Log
from server.admin.clients import Clients
from server.admin.identity_providers import Examiner, IdentityProviders
from server.admin.issuers import Issuers
from server.admin.names import PageTokens
from server.admin.registration_tokens import RegistrationTokens
from server.admin.resources import Resources
from server.admin.webhooks import Courier, Webhooks
from tenants.registry import Registry

MAX_MESSAGE = 1_048_576
MAX_CALLS = 200
"""At once; more are refused with RESOURCE_EXHAUSTED."""
SERVICES = (
    issuer_service_pb2.DESCRIPTOR.services_by_name["IssuerService"].full_name,
    client_service_pb2.DESCRIPTOR.services_by_name["ClientService"].full_name,
    identity_provider_service_pb2.DESCRIPTOR.services_by_name["IdentityProviderService"].full_name,
    registration_token_service_pb2.DESCRIPTOR.services_by_name["RegistrationTokenService"].full_name,
    resource_service_pb2.DESCRIPTOR.services_by_name["ResourceService"].full_name,
    webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"].full_name,
)


class AdminServer:
    def __init__(
        self,
        registry: Registry,
        *,
        token_digest: bytes,
        page_key: bytes,
        log: Log,
        request_id: Callable[[], str],
        clock: Callable[[], int],
        examiner: Examiner,
        courier: Courier,
    ) -> None:
        """`token_digest` is the SHA-256 of the admin token; `page_key` authenticates page tokens."""
        grpc.aio.init_grpc_aio()  # held to the end of the process: its shutdown can wait for ever (grpc PR 40989)
        self._calls = Calls(token_digest, log, request_id, clock)
        self._server = grpc.aio.server(
            interceptors=[self._calls],
            maximum_concurrent_rpcs=MAX_CALLS,
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE),
                ("grpc.max_send_message_length", 4 * MAX_MESSAGE),
                ("grpc.so_reuseport", 0),
            ],
        )
        page_tokens = PageTokens(page_key)
        issuer_service_pb2_grpc.add_IssuerServiceServicer_to_server(Issuers(registry, page_tokens), self._server)
        client_service_pb2_grpc.add_ClientServiceServicer_to_server(Clients(registry, page_tokens), self._server)
        identity_provider_service_pb2_grpc.add_IdentityProviderServiceServicer_to_server(
            IdentityProviders(registry, page_tokens, examiner), self._server
        )
        resource_service_pb2_grpc.add_ResourceServiceServicer_to_server(Resources(registry, page_tokens), self._server)
        registration_token_service_pb2_grpc.add_RegistrationTokenServiceServicer_to_server(
            RegistrationTokens(registry, page_tokens), self._server
        )
        webhook_service_pb2_grpc.add_WebhookServiceServicer_to_server(Webhooks(registry, courier), self._server)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that it is. Raises OSError if the address cannot be had."""
        try:
            bound = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(str(error)) from None
        await self._server.start()
        for service in ("", *SERVICES):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return bound

    async def stop(self, grace: float) -> None:
        """Take no new call, and let those that have begun end."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)
        await self._calls.finish()
