import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import field_info_pb2 as _field_info_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.admin.v1 import annotations_pb2 as _annotations_pb2_1
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IdentityProvider(_message.Message):
    __slots__ = ("name", "display_name", "disabled", "oidc", "oauth2", "workos", "auth0", "okta", "google", "github", "entra", "client_id", "client_secret", "client_secret_set", "token_endpoint_auth_method", "scopes", "claim_mapping", "access_rule", "login_domains", "redirect_uri", "create_time", "update_time", "etag", "client_assertion_algorithm", "public_jwk", "vouches_for_email", "recheck_interval", "client_jwks_uri", "vouches_for_clients")
    class OidcConfig(_message.Message):
        __slots__ = ("issuer_uri", "authorization_uri", "token_uri", "user_uri", "jwks_uri", "id_token_algorithms")
        ISSUER_URI_FIELD_NUMBER: _ClassVar[int]
        AUTHORIZATION_URI_FIELD_NUMBER: _ClassVar[int]
        TOKEN_URI_FIELD_NUMBER: _ClassVar[int]
        USER_URI_FIELD_NUMBER: _ClassVar[int]
        JWKS_URI_FIELD_NUMBER: _ClassVar[int]
        ID_TOKEN_ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
        issuer_uri: str
        authorization_uri: str
        token_uri: str
        user_uri: str
        jwks_uri: str
        id_token_algorithms: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, issuer_uri: _Optional[str] = ..., authorization_uri: _Optional[str] = ..., token_uri: _Optional[str] = ..., user_uri: _Optional[str] = ..., jwks_uri: _Optional[str] = ..., id_token_algorithms: _Optional[_Iterable[str]] = ...) -> None: ...
    class OAuth2Config(_message.Message):
        __slots__ = ("authorization_uri", "token_uri", "user_uri")
        AUTHORIZATION_URI_FIELD_NUMBER: _ClassVar[int]
        TOKEN_URI_FIELD_NUMBER: _ClassVar[int]
        USER_URI_FIELD_NUMBER: _ClassVar[int]
        authorization_uri: str
        token_uri: str
        user_uri: str
        def __init__(self, authorization_uri: _Optional[str] = ..., token_uri: _Optional[str] = ..., user_uri: _Optional[str] = ...) -> None: ...
    class WorkosConfig(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Auth0Config(_message.Message):
        __slots__ = ("domain",)
        DOMAIN_FIELD_NUMBER: _ClassVar[int]
        domain: str
        def __init__(self, domain: _Optional[str] = ...) -> None: ...
    class OktaConfig(_message.Message):
        __slots__ = ("domain", "authorization_server")
        DOMAIN_FIELD_NUMBER: _ClassVar[int]
        AUTHORIZATION_SERVER_FIELD_NUMBER: _ClassVar[int]
        domain: str
        authorization_server: str
        def __init__(self, domain: _Optional[str] = ..., authorization_server: _Optional[str] = ...) -> None: ...
    class GoogleConfig(_message.Message):
        __slots__ = ("hosted_domain",)
        HOSTED_DOMAIN_FIELD_NUMBER: _ClassVar[int]
        hosted_domain: str
        def __init__(self, hosted_domain: _Optional[str] = ...) -> None: ...
    class GithubConfig(_message.Message):
        __slots__ = ("base_uri",)
        BASE_URI_FIELD_NUMBER: _ClassVar[int]
        base_uri: str
        def __init__(self, base_uri: _Optional[str] = ...) -> None: ...
    class EntraConfig(_message.Message):
        __slots__ = ("directory",)
        DIRECTORY_FIELD_NUMBER: _ClassVar[int]
        directory: str
        def __init__(self, directory: _Optional[str] = ...) -> None: ...
    class ClaimMapping(_message.Message):
        __slots__ = ("subject", "email", "email_verified", "name", "roles", "permissions", "groups", "organization")
        SUBJECT_FIELD_NUMBER: _ClassVar[int]
        EMAIL_FIELD_NUMBER: _ClassVar[int]
        EMAIL_VERIFIED_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        ROLES_FIELD_NUMBER: _ClassVar[int]
        PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
        GROUPS_FIELD_NUMBER: _ClassVar[int]
        ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
        subject: str
        email: str
        email_verified: str
        name: str
        roles: str
        permissions: str
        groups: str
        organization: str
        def __init__(self, subject: _Optional[str] = ..., email: _Optional[str] = ..., email_verified: _Optional[str] = ..., name: _Optional[str] = ..., roles: _Optional[str] = ..., permissions: _Optional[str] = ..., groups: _Optional[str] = ..., organization: _Optional[str] = ...) -> None: ...
    class AccessRule(_message.Message):
        __slots__ = ("email_domains", "organizations", "groups")
        EMAIL_DOMAINS_FIELD_NUMBER: _ClassVar[int]
        ORGANIZATIONS_FIELD_NUMBER: _ClassVar[int]
        GROUPS_FIELD_NUMBER: _ClassVar[int]
        email_domains: _containers.RepeatedScalarFieldContainer[str]
        organizations: _containers.RepeatedScalarFieldContainer[str]
        groups: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, email_domains: _Optional[_Iterable[str]] = ..., organizations: _Optional[_Iterable[str]] = ..., groups: _Optional[_Iterable[str]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    OIDC_FIELD_NUMBER: _ClassVar[int]
    OAUTH2_FIELD_NUMBER: _ClassVar[int]
    WORKOS_FIELD_NUMBER: _ClassVar[int]
    AUTH0_FIELD_NUMBER: _ClassVar[int]
    OKTA_FIELD_NUMBER: _ClassVar[int]
    GOOGLE_FIELD_NUMBER: _ClassVar[int]
    GITHUB_FIELD_NUMBER: _ClassVar[int]
    ENTRA_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SECRET_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SECRET_SET_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ENDPOINT_AUTH_METHOD_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CLAIM_MAPPING_FIELD_NUMBER: _ClassVar[int]
    ACCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    LOGIN_DOMAINS_FIELD_NUMBER: _ClassVar[int]
    REDIRECT_URI_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ASSERTION_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_JWK_FIELD_NUMBER: _ClassVar[int]
    VOUCHES_FOR_EMAIL_FIELD_NUMBER: _ClassVar[int]
    RECHECK_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CLIENT_JWKS_URI_FIELD_NUMBER: _ClassVar[int]
    VOUCHES_FOR_CLIENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    disabled: bool
    oidc: IdentityProvider.OidcConfig
    oauth2: IdentityProvider.OAuth2Config
    workos: IdentityProvider.WorkosConfig
    auth0: IdentityProvider.Auth0Config
    okta: IdentityProvider.OktaConfig
    google: IdentityProvider.GoogleConfig
    github: IdentityProvider.GithubConfig
    entra: IdentityProvider.EntraConfig
    client_id: str
    client_secret: str
    client_secret_set: bool
    token_endpoint_auth_method: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    claim_mapping: IdentityProvider.ClaimMapping
    access_rule: IdentityProvider.AccessRule
    login_domains: _containers.RepeatedScalarFieldContainer[str]
    redirect_uri: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    client_assertion_algorithm: str
    public_jwk: str
    vouches_for_email: bool
    recheck_interval: _duration_pb2.Duration
    client_jwks_uri: str
    vouches_for_clients: bool
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., disabled: _Optional[bool] = ..., oidc: _Optional[_Union[IdentityProvider.OidcConfig, _Mapping]] = ..., oauth2: _Optional[_Union[IdentityProvider.OAuth2Config, _Mapping]] = ..., workos: _Optional[_Union[IdentityProvider.WorkosConfig, _Mapping]] = ..., auth0: _Optional[_Union[IdentityProvider.Auth0Config, _Mapping]] = ..., okta: _Optional[_Union[IdentityProvider.OktaConfig, _Mapping]] = ..., google: _Optional[_Union[IdentityProvider.GoogleConfig, _Mapping]] = ..., github: _Optional[_Union[IdentityProvider.GithubConfig, _Mapping]] = ..., entra: _Optional[_Union[IdentityProvider.EntraConfig, _Mapping]] = ..., client_id: _Optional[str] = ..., client_secret: _Optional[str] = ..., client_secret_set: _Optional[bool] = ..., token_endpoint_auth_method: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., claim_mapping: _Optional[_Union[IdentityProvider.ClaimMapping, _Mapping]] = ..., access_rule: _Optional[_Union[IdentityProvider.AccessRule, _Mapping]] = ..., login_domains: _Optional[_Iterable[str]] = ..., redirect_uri: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., client_assertion_algorithm: _Optional[str] = ..., public_jwk: _Optional[str] = ..., vouches_for_email: _Optional[bool] = ..., recheck_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., client_jwks_uri: _Optional[str] = ..., vouches_for_clients: _Optional[bool] = ...) -> None: ...

class CreateIdentityProviderRequest(_message.Message):
    __slots__ = ("parent", "identity_provider_id", "identity_provider", "validate_only", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    identity_provider_id: str
    identity_provider: IdentityProvider
    validate_only: bool
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., identity_provider_id: _Optional[str] = ..., identity_provider: _Optional[_Union[IdentityProvider, _Mapping]] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetIdentityProviderRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListIdentityProvidersRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListIdentityProvidersResponse(_message.Message):
    __slots__ = ("identity_providers", "next_page_token")
    IDENTITY_PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    identity_providers: _containers.RepeatedCompositeFieldContainer[IdentityProvider]
    next_page_token: str
    def __init__(self, identity_providers: _Optional[_Iterable[_Union[IdentityProvider, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateIdentityProviderRequest(_message.Message):
    __slots__ = ("identity_provider", "update_mask", "validate_only", "request_id")
    IDENTITY_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    identity_provider: IdentityProvider
    update_mask: _field_mask_pb2.FieldMask
    validate_only: bool
    request_id: str
    def __init__(self, identity_provider: _Optional[_Union[IdentityProvider, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeleteIdentityProviderRequest(_message.Message):
    __slots__ = ("name", "etag", "validate_only", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    validate_only: bool
    request_id: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class TestIdentityProviderRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class TestIdentityProviderResponse(_message.Message):
    __slots__ = ("checks", "passed")
    class Check(_message.Message):
        __slots__ = ("name", "state", "message")
        class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            STATE_UNSPECIFIED: _ClassVar[TestIdentityProviderResponse.Check.State]
            STATE_PASSED: _ClassVar[TestIdentityProviderResponse.Check.State]
            STATE_FAILED: _ClassVar[TestIdentityProviderResponse.Check.State]
            STATE_SKIPPED: _ClassVar[TestIdentityProviderResponse.Check.State]
        STATE_UNSPECIFIED: TestIdentityProviderResponse.Check.State
        STATE_PASSED: TestIdentityProviderResponse.Check.State
        STATE_FAILED: TestIdentityProviderResponse.Check.State
        STATE_SKIPPED: TestIdentityProviderResponse.Check.State
        NAME_FIELD_NUMBER: _ClassVar[int]
        STATE_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        name: str
        state: TestIdentityProviderResponse.Check.State
        message: str
        def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[TestIdentityProviderResponse.Check.State, str]] = ..., message: _Optional[str] = ...) -> None: ...
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    checks: _containers.RepeatedCompositeFieldContainer[TestIdentityProviderResponse.Check]
    passed: bool
    def __init__(self, checks: _Optional[_Iterable[_Union[TestIdentityProviderResponse.Check, _Mapping]]] = ..., passed: _Optional[bool] = ...) -> None: ...
