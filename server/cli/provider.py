"""`tenantry provider …`."""

from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.failing import REFUSED, USED_WRONGLY, fail
from server.cli.file import text_in
from server.cli.given import mask_of, said_of
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import one_of, several, switch, with_options, word
from server.cli.output import Format, show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import AssertionAlgorithm, AuthMethod, Issuer

app = Noun()
CHECK_COLUMNS = ("name", "state", "message")
COLUMNS = ("id", "display_name", "client_id", "disabled", "redirect_uri")


class Kind(StrEnum):
    OIDC = "oidc"
    OAUTH2 = "oauth2"
    WORKOS = "workos"
    AUTH0 = "auth0"
    OKTA = "okta"
    GOOGLE = "google"
    GITHUB = "github"
    ENTRA = "entra"


Id = Annotated[str, typer.Argument(metavar="PROVIDER", help="The provider's id, such as google.")]
AskedKind = Annotated[Kind, typer.Option("--kind", help="Whose it is, or which protocol it speaks.")]


_CONFIG: dict[str, tuple[Any, Any]] = {
    "issuer_uri": word("--issuer-uri", "URI", "oidc: its issuer identifier."),
    "authorization_uri": word("--authorization-uri", "URI", "oauth2, or oidc without discovery: where users sign in."),
    "token_uri": word("--token-uri", "URI", "oauth2, or oidc without discovery: where codes are redeemed."),
    "user_uri": word("--user-uri", "URI", "oauth2, or oidc without discovery: where it says who the user is."),
    "jwks_uri": word("--jwks-uri", "URI", "oidc without discovery: where its keys are."),
    "id_token_algorithms": several(
        "--id-token-algorithm", "ALGORITHM", "oidc: what may sign ID tokens, such as ES256; else what discovery lists."
    ),
    "domain": word("--domain", "DOMAIN", "auth0, okta: its host, such as acme.okta.com."),
    "authorization_server": word(
        "--authorization-server", "SERVER", "okta: such as default; else the organization's own."
    ),
    "hosted_domain": word("--hosted-domain", "DOMAIN", "google: the Workspace domain whose users may sign in."),
    "base_uri": word("--base-uri", "URI", "github: of an Enterprise Server."),
    "directory": word("--directory", "DIRECTORY", "entra: the id or a domain of the directory (tenant)."),
}
_CLAIMS: dict[str, tuple[Any, Any]] = {
    f"{name}_claim": word(
        f"--{name.replace('_', '-')}-claim", "CLAIM", f"The claim to take for {words}; a dot leads into one."
    )
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
    "email_domains": several(
        "--allow-email-domain", "DOMAIN", "Only users with a verified e-mail address there may sign in."
    ),
    "organizations": several("--allow-organization", "ORGANIZATION", "Only users of this organization may sign in."),
    "groups": several("--allow-group", "GROUP", "Only users in this group may sign in."),
}
_PLAIN: dict[str, tuple[Any, Any]] = {
    "display_name": word("--display-name", "NAME", "What users see."),
    "disabled": switch("--disable/--enable", "Whether users can sign in."),
    "client_id": word("--client-id", "ID", "Ours at the provider."),
    "client_secret": word(
        "--client-secret-file", "FILE", "A file with our secret at the provider, or - for the standard input."
    ),
    "token_endpoint_auth_method": one_of(AuthMethod, "--auth-method", "How we say at the provider who we are."),
    "client_assertion_algorithm": one_of(
        AssertionAlgorithm, "--assertion-algorithm", "What we sign with, for the method private_key_jwt."
    ),
    "scopes": several("--scope", "SCOPE", "What the provider is asked for."),
    "login_domains": several("--login-domain", "DOMAIN", "An e-mail domain whose users are led here."),
    "vouches_for_email": switch(
        "--vouches-for-email/--no-vouches-for-email",
        "Whether a verified address joins its users with those of other such providers.",
    ),
    "vouches_for_clients": switch(
        "--vouches-for-clients/--no-vouches-for-clients",
        "Whether its assertion alone (ID-JAG) lets a client act for one of its users.",
    ),
    "recheck_interval": (
        Annotated[
            int | None,
            typer.Option(
                "--recheck-interval",
                parser=duration,
                metavar="DURATION",
                show_default=False,
                help="How often it is asked whether a user still stands, from 5m to 30d; 0 never.",
            ),
        ],
        None,
    ),
}
OPTIONS = {**_CONFIG, **_PLAIN, **_CLAIMS, **_ACCESS}


class Given:
    """What was said of a provider. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        said = said_of(given)
        if "client_secret" in said:
            said["client_secret"] = _secret(said["client_secret"])
        self.config = {name: _items(said[name]) for name in _CONFIG if name in said}
        self._claims = {name.removesuffix("_claim"): said[name] for name in _CLAIMS if name in said}
        self._access = {name: _items(said[name]) for name in _ACCESS if name in said}
        self._plain = {name: _items(said[name]) for name in _PLAIN if name in said}

    def message(self, kind: str | None) -> Any:
        """An IdentityProvider of this kind; None where nothing is said of what is the kind's own."""
        from google.protobuf.duration_pb2 import Duration

        from protos.admin.v1.identity_provider_service_pb2 import IdentityProvider

        plain = dict(self._plain)
        if "recheck_interval" in plain:
            plain["recheck_interval"] = Duration(seconds=plain["recheck_interval"])
        whole = IdentityProvider(**plain)
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
                if isinstance(value, list):
                    getattr(config, name).extend(value)
                else:
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
    """Create an identity provider.

    The redirect URI that is to be registered there is printed.
    """
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
def update(
    given: Given,
    server: Server,
    issuer: Issuer,
    provider: Id,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Make another key for private_key_jwt, and print it for the provider to know."),
    ] = False,
    etag: Etag = "",
) -> None:
    """Change what is given; all else stays. An empty value says that there is none."""
    from protos.admin.v1.identity_provider_service_pb2 import UpdateIdentityProviderRequest

    kind = _got(server, issuer, provider).WhichOneof("config") if given.config else None
    whole, paths = given.message(kind), given.paths(kind)
    if new_key and "client_secret" in paths:
        fail(USED_WRONGLY, "a provider knows us by a key or by a secret: give --new-key or --client-secret-file")
    if new_key:
        paths.append("client_secret")
    mask = mask_of(paths, "provider")
    whole.name, whole.etag = _named(issuer, provider), etag
    request = UpdateIdentityProviderRequest(identity_provider=whole, update_mask=mask)
    show(server.call(request), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, provider: Id, etag: Etag = "", yes: Yes = False) -> None:
    """Delete an identity provider and its secret. Who signed in there stays signed in."""
    from protos.admin.v1.identity_provider_service_pb2 import DeleteIdentityProviderRequest

    name = _named(issuer, provider)
    confirm("the id of the provider", provider, yes=yes)
    nothing = server.call(DeleteIdentityProviderRequest(name=name, etag=etag))
    show_deleted(nothing, server.output, name)


@app.command()
@remote
def test(server: Server, issuer: Issuer, provider: Id) -> None:
    """Call an identity provider, and say what was found. Ends with 1 if a sign-in there would fail."""
    from protos.admin.v1.identity_provider_service_pb2 import TestIdentityProviderRequest

    name = _named(issuer, provider)
    tried = server.call(TestIdentityProviderRequest(name=name))
    if server.output is Format.TABLE:
        show_all(tried.checks, CHECK_COLUMNS, server.output)
    else:
        show(tried, server.output, name=name, passed=tried.passed)
    if not tried.passed:
        raise typer.Exit(REFUSED)


def _got(server: Server, issuer: str, provider: str) -> Any:
    from protos.admin.v1.identity_provider_service_pb2 import GetIdentityProviderRequest

    return server.call(GetIdentityProviderRequest(name=_named(issuer, provider)))


def _named(issuer: str, provider: str) -> str:
    return f"{named(issuer)}/identityProviders/{provider}"


def _items(value: Any) -> Any:
    return [item for item in cast("list[str]", value) if item] if isinstance(value, list) else value


def _secret(place: str) -> str:
    """The secret in a file, without the line end after it."""
    secret = text_in(place, "the client secret").removesuffix("\n").removesuffix("\r")
    if not secret:
        fail(USED_WRONGLY, "the client secret is empty")
    return secret
