"""`tenantry provider …`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from server.cli.connection import USED_WRONGLY, Server, fail, remote, with_options
from server.cli.issuer import Etag, named
from server.cli.output import Format, show, show_all

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("name", "display_name", "client_id", "disabled", "redirect_uri")


class Kind(StrEnum):
    OIDC = "oidc"
    OAUTH2 = "oauth2"
    WORKOS = "workos"
    AUTH0 = "auth0"
    OKTA = "okta"
    GOOGLE = "google"
    GITHUB = "github"
    ENTRA = "entra"


Issuer = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.")]
Id = Annotated[str, typer.Argument(metavar="PROVIDER", help="The provider's id, such as google.")]
AskedKind = Annotated[Kind, typer.Option("--kind", help="Whose it is, or which protocol it speaks.")]


def _word(option: str, help: str) -> tuple[Any, None]:
    return Annotated[str | None, typer.Option(option, show_default=False, help=help)], None


def _several(option: str, help: str) -> tuple[Any, None]:
    return Annotated[list[str] | None, typer.Option(option, show_default=False, help=f"{help} May be repeated.")], None


_CONFIG: dict[str, tuple[Any, Any]] = {
    "issuer_uri": _word("--issuer-uri", "oidc: its issuer identifier."),
    "authorization_uri": _word("--authorization-uri", "oauth2: where users sign in."),
    "token_uri": _word("--token-uri", "oauth2: where codes are redeemed."),
    "user_uri": _word("--user-uri", "oauth2: where it says who the user is."),
    "domain": _word("--domain", "auth0, okta: its host, such as acme.okta.com."),
    "authorization_server": _word("--authorization-server", "okta: such as default; else the organization's own."),
    "hosted_domain": _word("--hosted-domain", "google: the Workspace domain whose users may sign in."),
    "base_uri": _word("--base-uri", "github: of an Enterprise Server."),
    "directory": _word("--directory", "entra: the id or a domain of the directory (tenant)."),
}
_CLAIMS: dict[str, tuple[Any, Any]] = {
    f"{name}_claim": _word(f"--{name.replace('_', '-')}-claim", f"The claim to take for {words}; a dot leads into one.")
    for name, words in {
        "subject": "who the user is",
        "email": "the e-mail address",
        "email_verified": "whether that is verified",
        "name": "the user's name",
        "roles": "the roles",
        "permissions": "the permissions",
        "groups": "the groups",
        "organization": "the organization",
    }.items()
}
_ACCESS: dict[str, tuple[Any, Any]] = {
    "email_domains": _several("--allow-email-domain", "Only users with a verified e-mail address there may sign in."),
    "organizations": _several("--allow-organization", "Only users of this organization may sign in."),
    "groups": _several("--allow-group", "Only users in this group may sign in."),
}
_PLAIN: dict[str, tuple[Any, Any]] = {
    "display_name": _word("--display-name", "What users see."),
    "disabled": (
        Annotated[
            bool | None,
            typer.Option("--disable/--enable", help="Whether users can sign in."),
        ],
        None,
    ),
    "client_id": _word("--client-id", "Ours at the provider."),
    "client_secret": (
        Annotated[
            str | None,
            typer.Option(
                "--client-secret-file",
                show_default=False,
                metavar="FILE",
                help="A file with our secret at the provider, or - for the standard input.",
            ),
        ],
        None,
    ),
    "token_endpoint_auth_method": _word("--auth-method", "none, client_secret_basic or client_secret_post."),
    "scopes": _several("--scope", "What the provider is asked for."),
    "login_domains": _several("--login-domain", "An e-mail domain whose users are led here."),
}
OPTIONS = {**_CONFIG, **_PLAIN, **_CLAIMS, **_ACCESS}


class Given:
    """What was said of a provider. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        said = {name: value for name, value in given.items() if value is not None and value != []}
        if "client_secret" in said:
            said["client_secret"] = _secret(said["client_secret"])
        self.config = {name: value for name, value in said.items() if name in _CONFIG}
        self._claims = {name.removesuffix("_claim"): said[name] for name in _CLAIMS if name in said}
        self._access = {name: _items(said[name]) for name in _ACCESS if name in said}
        self._plain = {name: _items(said[name]) for name in _PLAIN if name in said}

    def message(self, kind: str | None) -> Any:
        """An IdentityProvider of this kind; None where nothing is said of what is the kind's own."""
        from protos.admin.v1.identity_provider_service_pb2 import IdentityProvider

        whole = IdentityProvider(**self._plain)
        if self._claims:
            whole.claim_mapping.CopyFrom(IdentityProvider.ClaimMapping(**self._claims))
        if self._access:
            whole.access_rule.CopyFrom(IdentityProvider.AccessRule(**self._access))
        if kind is not None:
            config = getattr(whole, kind)
            config.SetInParent()
            for name, value in self.config.items():
                if name not in config.DESCRIPTOR.fields_by_name:
                    fail(USED_WRONGLY, f"--{name.replace('_', '-')} says nothing of the kind {kind}")
                setattr(config, name, value)
        return whole

    def paths(self, kind: str | None) -> list[str]:
        """What is said, as an update mask."""
        parts = {kind: self.config, "claim_mapping": self._claims, "access_rule": self._access}
        return [*self._plain, *(f"{outer}.{name}" for outer, names in parts.items() for name in names)]


with_provider = with_options(OPTIONS, Given)
"""Marks a command that takes what there is to say of a provider."""


@app.command()
@remote
@with_provider
def create(given: Given, server: Server, issuer: Issuer, provider: Id, kind: AskedKind) -> None:
    """Create an identity provider, and print the redirect URI to register there."""
    from protos.admin.v1.identity_provider_service_pb2 import CreateIdentityProviderRequest

    whole = given.message(kind.value)
    request = CreateIdentityProviderRequest(
        parent=named(issuer), identity_provider_id=provider, identity_provider=whole
    )
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, provider: Id) -> None:
    """Show an identity provider, but not its secret."""
    show(_got(server, issuer, provider), server.output)


@app.command("list")
@remote
def list_providers(server: Server, issuer: Issuer) -> None:
    """List the identity providers of an issuer."""
    from protos.admin.v1.identity_provider_service_pb2 import ListIdentityProvidersRequest

    found = server.pages(ListIdentityProvidersRequest(parent=named(issuer)), "identity_providers")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
@with_provider
def update(given: Given, server: Server, issuer: Issuer, provider: Id, etag: Etag = "") -> None:
    """Change what is given; all else stays. An empty value says that there is none."""
    from google.protobuf.field_mask_pb2 import FieldMask

    from protos.admin.v1.identity_provider_service_pb2 import UpdateIdentityProviderRequest

    kind = _got(server, issuer, provider).WhichOneof("config") if given.config else None
    whole, paths = given.message(kind), given.paths(kind)
    if not paths:
        fail(USED_WRONGLY, "nothing to change: give at least one option; see tenantry provider update --help")
    whole.name, whole.etag = _named(issuer, provider), etag
    request = UpdateIdentityProviderRequest(identity_provider=whole, update_mask=FieldMask(paths=paths))
    show(server.call(request), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, provider: Id, etag: Etag = "") -> None:
    """Delete an identity provider and its secret. Who signed in there stays signed in."""
    from protos.admin.v1.identity_provider_service_pb2 import DeleteIdentityProviderRequest

    name = _named(issuer, provider)
    nothing = server.call(DeleteIdentityProviderRequest(name=name, etag=etag))
    if server.output is Format.TABLE:
        print(f"deleted {name}")
    else:
        show(nothing, server.output, name=name)


def _got(server: Server, issuer: str, provider: str) -> Any:
    from protos.admin.v1.identity_provider_service_pb2 import GetIdentityProviderRequest

    return server.call(GetIdentityProviderRequest(name=_named(issuer, provider)))


def _named(issuer: str, provider: str) -> str:
    return f"{named(issuer)}/identityProviders/{provider}"


def _items(value: Any) -> Any:
    return [item for item in cast("list[str]", value) if item] if isinstance(value, list) else value


def _secret(place: str) -> str:
    """The secret in a file, without the line end after it."""
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"the client secret cannot be read: {error}")
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        fail(USED_WRONGLY, "the client secret is empty")
    return secret
