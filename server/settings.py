"""Every setting, read once, frozen: from flags, the environment (TENANTRY_…), and a TOML file, in that order.

An unknown key is an error. A secret can also be named by a file (`…_file`, TENANTRY_…_FILE).
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from server.system import Unusable
from server.unreadable import why

if TYPE_CHECKING:
    from tenants.records import CertificateName, Role

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):([0-9]{1,5})")
_RESOLVER = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?")
DNS_PORT = 53
_PORT = re.compile(r"[0-9]{1,5}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
LONGEST = 1_000_000_000
LONGEST_SOCKET = 100
"""Bytes of the path of a Unix socket; where they end, systems differ."""
_ROLES = ("viewer", "issuer-admin", "operator", "owner")
_ISSUER_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    """0 picks a free one."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A Unix socket, which the server's own user alone may open."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class CertifiedCaller:
    """Who calls the admin API with a certificate of this name."""

    certificate: "CertificateName"
    role: "Role"
    issuers: tuple[str, ...] = ()
    """The ids of those that they are bound to. Empty: all, and what is of none."""


@dataclass(frozen=True, slots=True)
class DevUser:
    email: str
    password: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data_dir: Path = Path("var")
    http: Address = Address("127.0.0.1", 8080)
    grpc: Address | SocketFile = Address("127.0.0.1", 9090)
    grpc_certificate: Path | None = None
    """The admin port's own, with whatever leads up to an authority, in PEM. It is read again when it has changed."""
    grpc_key: Path | None = None
    grpc_client_ca: Path | None = None
    """Of whom everybody who connects there must have a certificate."""
    grpc_callers: tuple[CertifiedCaller, ...] = ()
    """Who needs no token, because of such a certificate."""
    management: Address = Address("127.0.0.1", 9091)
    master_key: str | None = None
    admin_token: str | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Peers whose X-Forwarded-For is believed, for the address in the log and in limits.

    Issuer and host never come from a header.
    """
    client_certificate_header: str | None = None
    """In which those peers say which certificate a client has shown to them in TLS (RFC 8705)."""
    outbound_ports: tuple[int, ...] = (443,)
    """At which other machines may be called. In dev mode, this machine may be called at any port."""
    dns_resolver: tuple[str, int] | None = None
    """Address and port of the resolver that is asked for the challenges of domains. None: those of the system."""
    max_open_tenants: int = 1_000
    idle_after: float = 70.0
    """Seconds without a request after which a tenant's file is closed."""
    drain: float = 20.0
    """Seconds that requests in flight get to finish when the server stops."""
    log_requests: bool = True
    dev: bool = False
    dev_users: tuple[DevUser, ...] = (DevUser("dev@example.com", "dev", "Dev User"),)
    allow_any_credentials: bool = False
    auto_sign_in: str | None = None
    """An e-mail address: who is signed in without being asked. Dev mode only."""
    auto_consent: bool = False


_SECRETS = ("master_key", "admin_token")
_DEV_ONLY = ("dev_users", "allow_any_credentials", "auto_sign_in", "auto_consent")
_USERS = 'users, each written as [[dev_users]] email = "…" password = "…", with a name if you like'
_CALLERS = '[[grpc_callers]] san_uri = "…" (or san_dns, subject_dn) role = "…", with issuers = ["…"] if you like'
_CERTIFICATE_KINDS = ("san_uri", "san_dns", "subject_dn")
_OF_COMMANDS = ("CONTEXT", "ADDRESS", "TOKEN", "TOKEN_FILE", "CA", "CERT", "KEY")
"""Variables of the commands that call a server."""
_NAMES = {field.name for field in fields(Settings)} - {"dev"}


def read(flags: Mapping[str, Any], *, dev: bool, config: Path | None = None) -> Settings:
    """The settings. Raises Unusable with one line for whatever cannot be used."""
    given: dict[str, Any] = {"data_dir": "var/dev"} if dev else {}
    given |= _from_file(config or _config_from_environment()) | _from_environment()
    given |= {name: value for name, value in flags.items() if value is not None}
    values = {name: _parse(name, value) for name, value in given.items()}
    if not dev and (wrong := next((name for name in _DEV_ONLY if name in values), None)):
        raise Unusable(f"{wrong} is for development only; start with `tenantry dev`")
    settings = Settings(**values, dev=dev)
    for address in (settings.http, settings.grpc, settings.management):
        if dev and not _is_near(address):
            raise Unusable(f"dev mode listens on loopback only, not on {address}; use `tenantry serve`")
    _check_admin_port(settings)
    if settings.client_certificate_header is not None and not settings.trusted_proxies:
        raise Unusable("client_certificate_header needs trusted_proxies: from anybody else it is not believed")
    return settings


def _is_near(address: Address | SocketFile) -> bool:
    """Whether nobody on another machine can reach it."""
    return isinstance(address, SocketFile) or address.host in LOOPBACK


def _check_admin_port(settings: Settings) -> None:
    """Raises Unusable where secrets would travel in the clear, or something is said that has no effect."""
    if (settings.grpc_certificate is None) != (settings.grpc_key is None):
        raise Unusable("grpc_certificate and grpc_key go together; give both, or none")
    if settings.grpc_certificate is None and not _is_near(settings.grpc):
        raise Unusable(
            f"the admin API needs TLS at {settings.grpc}: give grpc_certificate and grpc_key, or stay on loopback"
        )
    if settings.grpc_certificate is not None and isinstance(settings.grpc, SocketFile):
        raise Unusable("a Unix socket has no TLS; leave grpc_certificate and grpc_key out, or give HOST:PORT")
    if settings.grpc_client_ca is not None and settings.grpc_certificate is None:
        raise Unusable("grpc_client_ca needs TLS: give grpc_certificate and grpc_key too")
    if settings.grpc_callers and settings.grpc_client_ca is None:
        raise Unusable("grpc_callers needs grpc_client_ca: by whom their certificates are made")


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise Unusable(f"the settings file {path} cannot be read: {why(error)}") from None
    for name in given:
        if name not in _NAMES and name.removesuffix("_file") not in _SECRETS:
            raise Unusable(f"the settings file {path} has an unknown key {name!r}")
    return _with_secrets(given)


def _config_from_environment() -> Path | None:
    path = os.environ.get("TENANTRY_CONFIG")
    return Path(path) if path else None


def _from_environment() -> dict[str, str]:
    known = {f"TENANTRY_{name.upper()}": name for name in _NAMES}
    known |= {f"TENANTRY_{name.upper()}_FILE": f"{name}_file" for name in _SECRETS}
    ours = known.keys() | {"TENANTRY_CONFIG"} | {f"TENANTRY_{name}" for name in _OF_COMMANDS}
    for variable in os.environ:
        if variable.startswith("TENANTRY_") and variable not in ours:
            raise Unusable(f"the environment has an unknown variable {variable}")
    return _with_secrets({name: os.environ[variable] for variable, name in known.items() if variable in os.environ})


def _with_secrets(given: dict[str, Any]) -> dict[str, Any]:
    """`given`, all of one source, with the secrets themselves in place of the files that hold them."""
    for name in _SECRETS:
        path = given.pop(f"{name}_file", None)
        if path is not None and name in given:
            raise Unusable(f"{name} and {name}_file are both given; leave one out")
        if path is not None:
            given[name] = _read_secret(name, path)
    return given


def _read_secret(name: str, path: Any) -> str:
    try:
        return Path(_text(path)).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise Unusable(f"the file of {name}, {str(path)!r}, cannot be read: {why(error)}") from None


def _parse(name: str, value: Any) -> Any:
    parse = _PARSERS.get(name)
    try:
        return value if parse is None else parse(value)
    except ValueError as error:
        shown = "this" if name in _SECRETS else repr(value)
        raise Unusable(f"{name} cannot be {shown}: {error}") from None


def _address(value: Any) -> Address:
    found = _ADDRESS.fullmatch(str(value))
    if found is None or int(found[2]) > 65_535:
        raise ValueError("an address is HOST:PORT, such as 127.0.0.1:8080")
    return Address(found[1] or "0.0.0.0", int(found[2]))  # noqa: S104  an empty host is asking for it


def _resolver(value: Any) -> tuple[str, int]:
    found = _RESOLVER.fullmatch(str(value))
    if found is None or not 0 < int(found[3] or DNS_PORT) < 65_536:
        raise ValueError("a resolver is an IP address, with a port if it is not 53, such as 10.0.0.2 or [::1]:5353")
    return str(ip_address(found[1] or found[2])), int(found[3] or DNS_PORT)


def _admin_address(value: Any) -> Address | SocketFile:
    if isinstance(value, str) and value.startswith("unix:"):
        path = value.removeprefix("unix:")
        if not path.isprintable() or not 0 < len(path.encode("utf-8")) <= LONGEST_SOCKET:
            raise ValueError(f"a Unix socket is unix:PATH, of at most {LONGEST_SOCKET} bytes")
        return SocketFile(Path(path))
    return _address(value)


def _header(value: Any) -> str:
    if not isinstance(value, str) or not _HEADER.fullmatch(value):
        raise ValueError("must be the name of a header, such as Client-Cert")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004  what a user wrote, not what a caller passed
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise ValueError("must be a path")
    return Path(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in words:
        raise ValueError("use true or false")
    return words[str(value).lower()]


def _positive(kind: Callable[[Any], Any], words: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        try:
            number = kind(value)
        except (ArithmeticError, TypeError, ValueError):
            raise ValueError(f"must be {words}") from None
        if not 0 < number < LONGEST:
            raise ValueError("must be more than 0, and less than a thousand million")
        return number

    return parse


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    items: list[Any] = str(value).split(",") if isinstance(value, str) else _list(value, "networks such as 10.0.0.0/8")
    return tuple(ip_network(str(item).strip()) for item in items if str(item).strip())


def _ports(value: Any) -> tuple[int, ...]:
    items: list[Any] = value.split(",") if isinstance(value, str) else _list(value, "port numbers")
    ports = tuple(int(item) for item in map(str, items) if _PORT.fullmatch(item.strip()) and 0 < int(item) < 65_536)
    if not ports or len(ports) != len(items):
        raise ValueError("name port numbers from 1 to 65535, such as 443,8443")
    return ports


def _users(value: Any) -> tuple[DevUser, ...]:
    if isinstance(value, str):  # EMAIL:PASSWORD,EMAIL:PASSWORD
        pairs = [item.partition(":") for item in value.split(",") if item]
        users = tuple(DevUser(email, password) for email, _, password in pairs)
    else:
        users = tuple(map(_user, _list(value, _USERS)))
    if not users or not all(user.email and user.password for user in users):
        raise ValueError("name at least one user, each with an e-mail address and a password")
    return users


def _user(value: Any) -> DevUser:
    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if not {"email", "password"} <= said.keys() <= {"email", "password", "name"}:
        raise ValueError(f"must be a list of {_USERS}")
    return DevUser(_text(said["email"]), _text(said["password"]), _text(said.get("name", "")))


def _certified(value: Any) -> tuple[CertifiedCaller, ...]:
    """From TOML, or from the same as JSON in the environment."""
    if isinstance(value, str):
        value = json.loads(value)
    callers: list[CertifiedCaller] = []
    for number, each in enumerate(_list(value, _CALLERS), start=1):
        try:
            callers.append(_certified_caller(each))
        except ValueError as error:
            raise ValueError(f"entry {number}: {error}") from None
    return tuple(callers)


def _certified_caller(value: Any) -> CertifiedCaller:
    from tenants.oauth.certificate_name import of_members  # the client commands start without all that it needs
    from tenants.oauth.refusal import Refusal

    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    named = [kind for kind in _CERTIFICATE_KINDS if kind in said]
    issuers = tuple(map(_text, _list(said.get("issuers", []), "ids of issuers")))
    if len(named) != 1 or not {"role"} <= said.keys() <= {*named, "role", "issuers"}:
        raise ValueError(f"must be as in {_CALLERS}")
    if said["role"] not in _ROLES:
        raise ValueError(f"the role must be {', '.join(_ROLES)}")
    if not all(map(_ISSUER_ID.fullmatch, issuers)):
        raise ValueError("issuers must be ids of issuers, such as acme")
    if issuers and said["role"] == "owner":
        raise ValueError("an owner is bound to no issuers")
    try:
        name = of_members({f"tls_client_auth_{named[0]}": said[named[0]]})
    except Refusal:
        raise ValueError(f"{named[0]} cannot be in a certificate") from None
    return CertifiedCaller(name, said["role"], issuers)


def _list(value: Any, things: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"must be a list of {things}")  # noqa: TRY004  what a user wrote
    return cast("list[Any]", value)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "data_dir": _path,
    "http": _address,
    "grpc": _admin_address,
    "grpc_certificate": _path,
    "grpc_key": _path,
    "grpc_client_ca": _path,
    "grpc_callers": _certified,
    "management": _address,
    "master_key": _text,
    "admin_token": _text,
    "trusted_proxies": _networks,
    "client_certificate_header": _header,
    "outbound_ports": _ports,
    "dns_resolver": _resolver,
    "max_open_tenants": _positive(int, "a whole number"),
    "idle_after": _positive(float, "a number of seconds"),
    "drain": _positive(float, "a number of seconds"),
    "log_requests": _flag,
    "dev_users": _users,
    "allow_any_credentials": _flag,
    "auto_sign_in": _text,
    "auto_consent": _flag,
}
