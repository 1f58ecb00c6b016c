"""`tenantry serve` and `tenantry dev`: start the house, say where it is, stay until a signal."""

import gc
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.connection import TOKEN, reaching
from server.cli.failing import USED_WRONGLY, fail

if TYPE_CHECKING:
    from server.settings import Settings
    from server.wiring import House

SWITCH_INTERVAL = 0.0005
"""Seconds that a tenant's thread may keep the interpreter from the loop, or the loop from it. The default of 5 ms is
felt as latency: with it, 64 callers on one core got a quarter fewer answers a second."""

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A TOML file of settings.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="Where everything is kept.")]
Http = Annotated[
    str | None, typer.Option("--http", metavar="HOST:PORT", help="Where the issuers are. Port 0 picks a free one.")
]
Grpc = Annotated[
    str | None, typer.Option("--grpc", metavar="HOST:PORT", help="Where the admin API is; unix:PATH is a socket.")
]
GrpcCertificate = Annotated[
    Path | None, typer.Option("--grpc-certificate", metavar="FILE", help="The certificate of the admin API.")
]
GrpcKey = Annotated[Path | None, typer.Option("--grpc-key", metavar="FILE", help="The key of that certificate.")]
GrpcClientCa = Annotated[
    Path | None,
    typer.Option("--grpc-client-ca", metavar="FILE", help="Who made the certificates that its callers must show."),
]
Management = Annotated[
    str | None, typer.Option("--management", metavar="HOST:PORT", help="Where health and metrics are.")
]
OutboundPorts = Annotated[
    str | None,
    typer.Option(
        "--outbound-ports", metavar="PORT,PORT", help="Ports at which others may be called, instead of 443 only."
    ),
]


def serve(
    config: Config = None,
    data_dir: DataDir = None,
    http: Http = None,
    grpc: Grpc = None,
    management: Management = None,
    outbound_ports: OutboundPorts = None,
    grpc_certificate: GrpcCertificate = None,
    grpc_key: GrpcKey = None,
    grpc_client_ca: GrpcClientCa = None,
) -> None:
    """Serve issuers in production."""
    flags = {
        "data_dir": data_dir,
        "http": http,
        "grpc": grpc,
        "grpc_certificate": grpc_certificate,
        "grpc_key": grpc_key,
        "grpc_client_ca": grpc_client_ca,
        "management": management,
        "outbound_ports": outbound_ports,
    }
    _start(flags, dev=False, config=config)


def dev(
    config: Config = None,
    data_dir: DataDir = None,
    http: Http = None,
    grpc: Grpc = None,
    management: Management = None,
    outbound_ports: OutboundPorts = None,
    allow_any_credentials: Annotated[
        bool | None, typer.Option("--allow-any-credentials", help="Let any e-mail address and password in.")
    ] = None,
    auto_sign_in: Annotated[
        str | None,
        typer.Option(
            "--auto-sign-in", metavar="EMAIL", help="An e-mail address that is signed in without being asked."
        ),
    ] = None,
    auto_consent: Annotated[
        bool | None, typer.Option("--auto-consent", help="Allow whatever a client asks for without being asked.")
    ] = None,
) -> None:
    """Serve a demo issuer, with a user, on loopback."""
    flags = {
        "data_dir": data_dir,
        "http": http,
        "grpc": grpc,
        "management": management,
        "outbound_ports": outbound_ports,
        "allow_any_credentials": allow_any_credentials,
        "auto_sign_in": auto_sign_in,
        "auto_consent": auto_consent,
    }
    _start(flags, dev=True, config=config)


def _start(flags: Mapping[str, Any], *, dev: bool, config: Path | None) -> None:
    # the client commands start without all that is needed here
    from server.settings import read
    from server.system import Unusable

    try:
        settings = read(flags, dev=dev, config=config)
        import uvloop

        from server.wiring import run

        sys.setswitchinterval(SWITCH_INTERVAL)
        uvloop.run(run(settings, lambda house: _greet(settings, house)))
    except Unusable as unusable:
        fail(USED_WRONGLY, str(unusable))


async def _greet(settings: "Settings", house: "House") -> None:
    if settings.dev:
        print(await _demo(settings, house), flush=True)
    gc.collect()
    gc.freeze()  # what is here by now stays: to look through it again takes 50 ms, in which all tenants wait
    print(f"ready http={house.http} grpc={house.grpc} management={house.management}", flush=True)


async def _demo(settings: "Settings", house: "House") -> str:
    """Make sure that there is an issuer at this port, and say how to use it."""
    from tenants.new_issuer import NewIssuer
    from tenants.records import Policy

    port = house.http.rpartition(":")[2]
    host = f"localhost:{port}"
    uri = f"http://{host}"
    here = house.registry.at(host)
    if here is not None and here.root is not None:
        name = here.root.listing.id
    else:
        taken = {listing.id for listing in house.registry.page("", 1_000, with_deleted=True)}
        name = "demo" if "demo" not in taken else f"demo-{port}"
        await house.registry.create(NewIssuer(id=name, uri=uri, display_name="Demo", policy=Policy()))
    token_file = settings.data_dir / TOKEN
    acme = ["issuer", "create", "acme", "--uri", f"http://acme.localhost:{port}"]
    if settings.admin_token is None:
        acme += reaching(house.grpc, token_file)
        token = f"token in {token_file}"
    else:
        acme += reaching(house.grpc, Path("FILE"))
        token = "with the token of your settings"
    return "\n".join(
        (
            "",
            f"  Issuer          {uri}   (by this name, not by 127.0.0.1)",
            *(
                []
                if name == "demo"
                else [f"                  It is called {name}: say that where the documentation says demo"]
            ),
            f"  Sign in as      {_who(settings)}",
            *(
                ["  Consent         is not asked for: whatever a client wants is allowed"]
                if settings.auto_consent
                else []
            ),
            f"  Admin API       {house.grpc}, {token}",
            f"  Health          http://{house.management}/readyz",
            "",
            "  Protect an MCP server with it, in the Python MCP SDK:",
            f'    AuthSettings(issuer_url="{uri}", resource_server_url="http://localhost:8000/mcp",',
            "                 validate_token_resource=True)   # give the URIs as text: no slash is added then",
            "  and paste into an MCP client (examples/protected_mcp_server.py is such a server):",
            '    {"mcpServers": {"demo": {"url": "http://localhost:8000/mcp"}}}',
            "",
            f"  Another issuer  {shlex.join([*_command(), *acme])}",
            "  Ctrl-C stops.",
            "",
        )
    )


def _who(settings: "Settings") -> str:
    if settings.auto_sign_in is not None:
        return f"{settings.auto_sign_in}, without being asked"
    if settings.allow_any_credentials:
        return "anybody, with any password"
    user = settings.dev_users[0]
    return f"{user.email} / {user.password}"


def _command() -> list[str]:
    """The running command, as it may be typed in this directory."""
    started = Path(sys.argv[0]).absolute()
    if started.name == "__main__.py":
        return [sys.executable, "-m", "server"]
    if shutil.which("tenantry") == str(started):
        return ["tenantry"]
    here = Path.cwd()
    return [str(started.relative_to(here) if started.is_relative_to(here) else started)]
