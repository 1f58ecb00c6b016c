import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import field_info_pb2 as _field_info_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import duration_pb2 as _duration_pb2
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

class Issuer(_message.Message):
    __slots__ = ("name", "uid", "display_name", "issuer_uri", "state", "policy", "create_time", "update_time", "delete_time", "purge_time", "etag")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Issuer.State]
        STATE_ACTIVE: _ClassVar[Issuer.State]
        STATE_DISABLED: _ClassVar[Issuer.State]
        STATE_DELETED: _ClassVar[Issuer.State]
    STATE_UNSPECIFIED: Issuer.State
    STATE_ACTIVE: Issuer.State
    STATE_DISABLED: Issuer.State
    STATE_DELETED: Issuer.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    ISSUER_URI_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURGE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    uid: str
    display_name: str
    issuer_uri: str
    state: Issuer.State
    policy: IssuerPolicy
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    delete_time: _timestamp_pb2.Timestamp
    purge_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., uid: _Optional[str] = ..., display_name: _Optional[str] = ..., issuer_uri: _Optional[str] = ..., state: _Optional[_Union[Issuer.State, str]] = ..., policy: _Optional[_Union[IssuerPolicy, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class IssuerPolicy(_message.Message):
    __slots__ = ("access_token_ttl", "refresh_token_ttl", "grant_ttl", "authorization_code_ttl", "replay_window", "session_ttl", "scopes", "token_format", "signing_algorithm", "key_roll_interval", "registration", "unused_client_ttl", "private_redirect_schemes", "allowed_origins", "debug", "link_by_email", "first_party_origins", "client_documents", "client_document_hosts", "dpop_nonce_required", "par_required", "registration_limit", "failure_limit", "client_limit", "guess_limit", "session_limit", "client_certificate_authorities", "software_statement_issuers", "software_statement_required", "approval_required")
    class TokenFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TOKEN_FORMAT_UNSPECIFIED: _ClassVar[IssuerPolicy.TokenFormat]
        TOKEN_FORMAT_JWT: _ClassVar[IssuerPolicy.TokenFormat]
        TOKEN_FORMAT_OPAQUE: _ClassVar[IssuerPolicy.TokenFormat]
    TOKEN_FORMAT_UNSPECIFIED: IssuerPolicy.TokenFormat
    TOKEN_FORMAT_JWT: IssuerPolicy.TokenFormat
    TOKEN_FORMAT_OPAQUE: IssuerPolicy.TokenFormat
    class Registration(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REGISTRATION_UNSPECIFIED: _ClassVar[IssuerPolicy.Registration]
        REGISTRATION_OPEN: _ClassVar[IssuerPolicy.Registration]
        REGISTRATION_TOKEN: _ClassVar[IssuerPolicy.Registration]
        REGISTRATION_CLOSED: _ClassVar[IssuerPolicy.Registration]
    REGISTRATION_UNSPECIFIED: IssuerPolicy.Registration
    REGISTRATION_OPEN: IssuerPolicy.Registration
    REGISTRATION_TOKEN: IssuerPolicy.Registration
    REGISTRATION_CLOSED: IssuerPolicy.Registration
    class ClientDocuments(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CLIENT_DOCUMENTS_UNSPECIFIED: _ClassVar[IssuerPolicy.ClientDocuments]
        CLIENT_DOCUMENTS_ANY: _ClassVar[IssuerPolicy.ClientDocuments]
        CLIENT_DOCUMENTS_LISTED: _ClassVar[IssuerPolicy.ClientDocuments]
        CLIENT_DOCUMENTS_NONE: _ClassVar[IssuerPolicy.ClientDocuments]
    CLIENT_DOCUMENTS_UNSPECIFIED: IssuerPolicy.ClientDocuments
    CLIENT_DOCUMENTS_ANY: IssuerPolicy.ClientDocuments
    CLIENT_DOCUMENTS_LISTED: IssuerPolicy.ClientDocuments
    CLIENT_DOCUMENTS_NONE: IssuerPolicy.ClientDocuments
    ACCESS_TOKEN_TTL_FIELD_NUMBER: _ClassVar[int]
    REFRESH_TOKEN_TTL_FIELD_NUMBER: _ClassVar[int]
    GRANT_TTL_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_CODE_TTL_FIELD_NUMBER: _ClassVar[int]
    REPLAY_WINDOW_FIELD_NUMBER: _ClassVar[int]
    SESSION_TTL_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FORMAT_FIELD_NUMBER: _ClassVar[int]
    SIGNING_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    KEY_ROLL_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_FIELD_NUMBER: _ClassVar[int]
    UNUSED_CLIENT_TTL_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_REDIRECT_SCHEMES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ORIGINS_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    LINK_BY_EMAIL_FIELD_NUMBER: _ClassVar[int]
    FIRST_PARTY_ORIGINS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_DOCUMENT_HOSTS_FIELD_NUMBER: _ClassVar[int]
    DPOP_NONCE_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    PAR_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_LIMIT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    GUESS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SESSION_LIMIT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_CERTIFICATE_AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_STATEMENT_ISSUERS_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_STATEMENT_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    access_token_ttl: _duration_pb2.Duration
    refresh_token_ttl: _duration_pb2.Duration
    grant_ttl: _duration_pb2.Duration
    authorization_code_ttl: _duration_pb2.Duration
    replay_window: _duration_pb2.Duration
    session_ttl: _duration_pb2.Duration
    scopes: _containers.RepeatedScalarFieldContainer[str]
    token_format: IssuerPolicy.TokenFormat
    signing_algorithm: str
    key_roll_interval: _duration_pb2.Duration
    registration: IssuerPolicy.Registration
    unused_client_ttl: _duration_pb2.Duration
    private_redirect_schemes: _containers.RepeatedScalarFieldContainer[str]
    allowed_origins: _containers.RepeatedScalarFieldContainer[str]
    debug: bool
    link_by_email: bool
    first_party_origins: _containers.RepeatedScalarFieldContainer[str]
    client_documents: IssuerPolicy.ClientDocuments
    client_document_hosts: _containers.RepeatedScalarFieldContainer[str]
    dpop_nonce_required: bool
    par_required: bool
    registration_limit: RateLimit
    failure_limit: RateLimit
    client_limit: RateLimit
    guess_limit: RateLimit
    session_limit: RateLimit
    client_certificate_authorities: _containers.RepeatedScalarFieldContainer[str]
    software_statement_issuers: _containers.RepeatedCompositeFieldContainer[SoftwareStatementIssuer]
    software_statement_required: bool
    approval_required: bool
    def __init__(self, access_token_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., refresh_token_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grant_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., authorization_code_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., replay_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., session_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., scopes: _Optional[_Iterable[str]] = ..., token_format: _Optional[_Union[IssuerPolicy.TokenFormat, str]] = ..., signing_algorithm: _Optional[str] = ..., key_roll_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., registration: _Optional[_Union[IssuerPolicy.Registration, str]] = ..., unused_client_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., private_redirect_schemes: _Optional[_Iterable[str]] = ..., allowed_origins: _Optional[_Iterable[str]] = ..., debug: _Optional[bool] = ..., link_by_email: _Optional[bool] = ..., first_party_origins: _Optional[_Iterable[str]] = ..., client_documents: _Optional[_Union[IssuerPolicy.ClientDocuments, str]] = ..., client_document_hosts: _Optional[_Iterable[str]] = ..., dpop_nonce_required: _Optional[bool] = ..., par_required: _Optional[bool] = ..., registration_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., failure_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., client_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., guess_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., session_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., client_certificate_authorities: _Optional[_Iterable[str]] = ..., software_statement_issuers: _Optional[_Iterable[_Union[SoftwareStatementIssuer, _Mapping]]] = ..., software_statement_required: _Optional[bool] = ..., approval_required: _Optional[bool] = ...) -> None: ...

class SoftwareStatementIssuer(_message.Message):
    __slots__ = ("issuer", "jwks", "jwks_uri")
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    JWKS_FIELD_NUMBER: _ClassVar[int]
    JWKS_URI_FIELD_NUMBER: _ClassVar[int]
    issuer: str
    jwks: str
    jwks_uri: str
    def __init__(self, issuer: _Optional[str] = ..., jwks: _Optional[str] = ..., jwks_uri: _Optional[str] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("per_minute", "burst")
    PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    per_minute: int
    burst: int
    def __init__(self, per_minute: _Optional[int] = ..., burst: _Optional[int] = ...) -> None: ...

class CreateIssuerRequest(_message.Message):
    __slots__ = ("issuer_id", "issuer", "validate_only", "request_id")
    ISSUER_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    issuer_id: str
    issuer: Issuer
    validate_only: bool
    request_id: str
    def __init__(self, issuer_id: _Optional[str] = ..., issuer: _Optional[_Union[Issuer, _Mapping]] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetIssuerRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListIssuersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "show_deleted", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SHOW_DELETED_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    show_deleted: bool
    filter: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., show_deleted: _Optional[bool] = ..., filter: _Optional[str] = ...) -> None: ...

class ListIssuersResponse(_message.Message):
    __slots__ = ("issuers", "next_page_token")
    ISSUERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    issuers: _containers.RepeatedCompositeFieldContainer[Issuer]
    next_page_token: str
    def __init__(self, issuers: _Optional[_Iterable[_Union[Issuer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateIssuerRequest(_message.Message):
    __slots__ = ("issuer", "update_mask", "validate_only", "request_id")
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    issuer: Issuer
    update_mask: _field_mask_pb2.FieldMask
    validate_only: bool
    request_id: str
    def __init__(self, issuer: _Optional[_Union[Issuer, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeleteIssuerRequest(_message.Message):
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

class UndeleteIssuerRequest(_message.Message):
    __slots__ = ("name", "request_id", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_id: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., request_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class EnableIssuerRequest(_message.Message):
    __slots__ = ("name", "etag", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    request_id: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class DisableIssuerRequest(_message.Message):
    __slots__ = ("name", "etag", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    request_id: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...
