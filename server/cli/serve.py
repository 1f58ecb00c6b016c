"""`tenantry serve` and `tenantry dev`: start the house, say where it is, stay until a signal."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server import settings as settings_module
from server.cli.connection import USED_WRONGLY, fail
from server.settings import Settings
from server.system import Unusable

if TYPE_CHECKING:
    from server.wiring import House

SWITCH_INTERVAL = 0.0005
"""Seconds that a tenant's thread may keep the interpreter from the loop, or the loop from it. The default of 5 ms is
felt as latency: with it, 64 callers on one core got a quarter fewer answers a second."""

Config = Annotated[Path | None, typer.Option("--config", help="A TOML file of settings.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept.")]
Http = Annotated[str | None, typer.Option("--http", help="HOST:PORT of the issuers. Port 0 picks a free one.")]
Grpc = Annotated[str | None, typer.Option("--grpc", help="HOST:PORT of the admin API.")]
Management = Annotated[str | None, typer.Option("--management", help="HOST:PORT of health and metrics.")]


def serve(
    config: Config = None, data_dir: DataDir = None, http: Http = None, grpc: Grpc = None, management: Management = None
) -> None:
    """Serve issuers in production."""
    flags = {"data_dir": data_dir, "http": http, "grpc": grpc, "management": management}
    _start(lambda: settings_module.read(flags, dev=False, config=config))


def dev(
    config: Config = None,
    data_dir: DataDir = None,
    http: Http = None,
    grpc: Grpc = None,
    management: Management = None,
    allow_any_credentials: Annotated[
        bool | None, typer.Option("--allow-any-credentials", help="Let any e-mail address and password in.")
    ] = None,
    auto_sign_in: Annotated[
        str | None, typer.Option("--auto-sign-in", help="An e-mail address that is signed in without being asked.")
    ] = None,
    auto_consent: Annotated[
        bool | None, typer.Option("--auto-consent", help="Allow whatever a client asks for without being asked.")
    ] = None,
) -> None:
    """Serve a demo issuer on loopback, with a built-in identity provider."""
    flags = {
        "data_dir": data_dir,
        "http": http,
        "grpc": grpc,
        "management": management,
        "allow_any_credentials": allow_any_credentials,
        "auto_sign_in": auto_sign_in,
        "auto_consent": auto_consent,
    }
    _start(lambda: settings_module.read(flags, dev=True, config=config))


def _start(read: Callable[[], Settings]) -> None:
    try:
        settings = read()
        import uvloop

        from server.wiring import run  # the client commands start without all that it needs

        sys.setswitchinterval(SWITCH_INTERVAL)
        uvloop.run(run(settings, lambda house: _greet(settings, house)))
    except Unusable as unusable:
        fail(USED_WRONGLY, str(unusable))


async def _greet(settings: Settings, house: "House") -> None:
    if settings.dev:
        print(await _demo(settings, house), flush=True)
    print(f"ready http={house.http} grpc={house.grpc} management={house.management}", flush=True)


async def _demo(settings: Settings, house: "House") -> str:
    """Make sure that there is an issuer at this port, and say how to use it."""
    from tenants.new_issuer import NewIssuer
    from tenants.records import Policy

    port = house.http.rpartition(":")[2]
    host = f"localhost:{port}"
    uri = f"http://{host}"
    if house.registry.at(host) is None:
        taken = {listing.id for listing in await house.registry.page("", 1_000, with_deleted=True)}
        name = "demo" if "demo" not in taken else f"demo-{port}"
        await house.registry.create(NewIssuer(id=name, uri=uri, display_name="Demo", policy=Policy(), actor="dev"))
    user = settings.dev_users[0]
    return "\n".join(
        (
            "",
            f"  Issuer          {uri}",
            f"  Sign in as      {user.email} / {user.password}",
            f"  Admin API       {house.grpc}, token in {settings.data_dir / 'admin.token'}",
            f"  Health          http://{house.management}/readyz",
            "",
            "  Protect an MCP server with it, in the Python MCP SDK:",
            f'    AuthSettings(issuer_url="{uri}", resource_server_url="http://localhost:8000/mcp",',
            "                 validate_token_resource=True)   # give the URIs as text: no slash is added then",
            "  and paste into an MCP client (examples/protected_mcp_server.py is such a server):",
            '    {"mcpServers": {"demo": {"url": "http://localhost:8000/mcp"}}}',
            "",
            "  Another issuer  tenantry issuer create acme --uri http://acme.localhost:" + port,
            "  Ctrl-C stops.",
            "",
        )
    )
