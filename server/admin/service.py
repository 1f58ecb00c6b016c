"""The admin server: its services, health and reflection, on one gRPC port."""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

import os
from collections.abc import Callable

import grpc
from google.longrunning import operations_proto_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos.admin.v1 import (
    admin_token_service_pb2,
    client_service_pb2,
    domain_service_pb2,
    event_service_pb2,
    grant_service_pb2,
    identity_provider_service_pb2,
    issuer_service_pb2,
    key_service_pb2,
    registration_token_service_pb2,
    resource_service_pb2,
    server_service_pb2,
    session_service_pb2,
    user_service_pb2,
    webhook_service_pb2,
    workload_issuer_service_pb2,
)
from server.admin import bulk_revocation
from server.admin.admin_tokens import AdminTokenService
from server.admin.bulk_revocation import BulkRevocation
from server.admin.calls import Calls, Log
from server.admin.clients import ClientService, Documents
from server.admin.credentials import Credentials
from server.admin.domains import Challenges, DomainService
from server.admin.events import EventService
from server.admin.grants import GrantService
from server.admin.identity_providers import Examiner, IdentityProviderService
from server.admin.issuers import IssuerService
from server.admin.limits import LONGEST_CALL, MAX_CALLS, MAX_MESSAGE
from server.admin.names import PageTokens
from server.admin.operations import Failures, Operations
from server.admin.registration_tokens import RegistrationTokenService
from server.admin.resources import ResourceService
from server.admin.server_info import About, ServerService
from server.admin.sessions import SessionService
from server.admin.signing_keys import KeyService
from server.admin.users import UserService
from server.admin.webhooks import Courier, WebhookService
from server.admin.workload_issuers import WorkloadIssuerService
from tenants.admin_tokens import AdminTokens
from tenants.registry import Registry
from tenants.workshop import Workshop

_OURS = tuple(
    service
    for module in (
        issuer_service_pb2,
        key_service_pb2,
        client_service_pb2,
        domain_service_pb2,
        event_service_pb2,
        identity_provider_service_pb2,
        registration_token_service_pb2,
        resource_service_pb2,
        user_service_pb2,
        session_service_pb2,
        grant_service_pb2,
        webhook_service_pb2,
        workload_issuer_service_pb2,
        operations_proto_pb2,
        admin_token_service_pb2,
        server_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)
SERVICES = tuple(service.full_name for service in _OURS)
METHODS = {f"/{service.full_name}/{method.name}": method for service in _OURS for method in service.methods}


class AdminServer:
    def __init__(
        self,
        registry: Registry,
        *,
        tokens: AdminTokens,
        credentials: Credentials,
        about: About,
        page_key: bytes,
        log: Log,
        request_id: Callable[[], str],
        clock: Callable[[], int],
        examiner: Examiner,
        courier: Courier,
        documents: Documents,
        challenges: Challenges,
        dev: bool,
        longest_call: float = LONGEST_CALL,
    ) -> None:
        """`page_key` authenticates page tokens."""
        grpc.aio.init_grpc_aio()  # held to the end of the process: its shutdown can wait for ever (grpc PR 40989)
        self._calls = Calls(METHODS, credentials, log, request_id, clock, longest_call)
        self._server = grpc.aio.server(
            interceptors=[self._calls],
            maximum_concurrent_rpcs=MAX_CALLS,
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE),
                ("grpc.max_send_message_length", 4 * MAX_MESSAGE),
                ("grpc.so_reuseport", 0),
            ],
        )
        page_tokens, revocation = PageTokens(page_key), BulkRevocation(registry)
        works = {bulk_revocation.REVOKE: revocation, bulk_revocation.COUNT: revocation}
        self._workshop = Workshop(registry.perform, works, Failures(log, clock))
        answering = (
            IssuerService(registry, page_tokens),
            KeyService(registry, page_tokens),
            ClientService(registry, page_tokens, documents),
            DomainService(registry, page_tokens, challenges, dev=dev),
            EventService(registry, page_tokens, clock),
            IdentityProviderService(registry, page_tokens, examiner),
            RegistrationTokenService(registry, page_tokens),
            ResourceService(registry, page_tokens),
            UserService(registry, page_tokens),
            SessionService(registry, page_tokens),
            GrantService(registry, page_tokens, self._workshop, clock),
            Operations(registry, page_tokens, self._workshop),
            WebhookService(registry, courier),
            WorkloadIssuerService(registry, page_tokens),
            AdminTokenService(tokens, page_tokens),
            ServerService(registry, about),
        )
        named = {type(each).__name__: each for each in answering}
        self._server.add_generic_rpc_handlers([_handler(service, named[service.name]) for service in _OURS])
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)

    async def start(self, address: str, tls: grpc.ServerCredentials | None = None) -> int:
        """Listen at HOST:PORT, or at unix:PATH for our own user alone; the port that it is. Raises OSError if that
        cannot be had.
        """
        try:
            bound = self._open(address, tls)
        except RuntimeError as error:
            raise OSError(str(error)) from None
        await self._server.start()
        await self._workshop.start()
        for service in ("", *SERVICES):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return bound

    def _open(self, address: str, tls: grpc.ServerCredentials | None) -> int:
        if tls is not None:
            return self._server.add_secure_port(address, tls)
        if not address.startswith("unix:"):
            return self._server.add_insecure_port(address)
        former = os.umask(0o177)  # before it is there: a file's mode is changed too late for who waits to open it
        try:
            return self._server.add_insecure_port(address)
        finally:
            os.umask(former)

    async def stop(self, grace: float) -> None:
        """Take no new call, and let those that have begun end."""
        self._calls.end_streams()
        self._workshop.release()
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)
        await self._calls.finish()
        await self._workshop.close()


def _handler(service: ServiceDescriptor, answering: object) -> grpc.GenericRpcHandler:
    """What answers the methods of a service: the methods of the same names of what bears its name."""
    handlers = {
        method.name: (
            grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        )(
            getattr(answering, method.name),
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in service.methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, handlers)
