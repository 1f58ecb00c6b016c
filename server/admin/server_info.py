"""ServerService: what this process is."""

from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import server_service_pb2 as pb
from server.admin.caller import Caller
from server.admin.limits import MAX_CALLS, MAX_MESSAGE
from server.admin.names import LARGEST_PAGE
from tenants.registry import Registry

SPECIFICATIONS = ("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26")
"""Revisions of MCP, the newest first."""


@dataclass(frozen=True, slots=True)
class About:
    """What a process knows of itself."""

    version: str
    capabilities: tuple[str, ...]
    max_open_issuers: int
    started_at: int


class ServerService:
    def __init__(self, registry: Registry, about: About) -> None:
        self._registry = registry
        self._about = about

    async def GetServerInfo(self, request: pb.GetServerInfoRequest, caller: Caller) -> pb.ServerInfo:
        about = self._about
        return pb.ServerInfo(
            version=about.version,
            mcp_specification_versions=SPECIFICATIONS,
            capabilities=about.capabilities,
            limits=pb.ServerInfo.Limits(
                max_page_size=LARGEST_PAGE,
                max_message_bytes=MAX_MESSAGE,
                max_calls=MAX_CALLS,
                max_open_issuers=about.max_open_issuers,
            ),
            issuer_count=sum(map(caller.sees, self._registry.ids())),
            start_time=Timestamp(seconds=about.started_at),
        )
