"""The claims parameter: what it asks for, and that it is JSON of the right shape."""

import json
from typing import Any

import pytest

from tenants.oauth import claims_request
from tenants.oauth.claims_request import MAX_LENGTH, MAX_VALUES, NONE, ClaimsRequest
from tests.support.refused import refused
from tests.support.requirement import requirement


def read(given: Any) -> ClaimsRequest:
    return claims_request.read(json.dumps(given))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, NONE),
        ({"userinfo": None, "id_token": {}}, NONE),
        ({"userinfo": {"email": None}}, ClaimsRequest(scopes=("email",))),
        ({"id_token": {"email_verified": {"essential": True}}}, ClaimsRequest(scopes=("email",))),
        (
            {"userinfo": {"name": {"value": "x"}}, "id_token": {"email": None}},
            ClaimsRequest(scopes=("profile", "email")),
        ),
        (
            {"id_token": {"acr": {"essential": True, "values": ["a", "b"]}}},
            ClaimsRequest(acr=("a", "b"), acr_wished=("a", "b")),
        ),
        ({"id_token": {"acr": {"essential": True, "value": "a"}}}, ClaimsRequest(acr=("a",), acr_wished=("a",))),
        ({"id_token": {"acr": {"values": ["a"]}}}, ClaimsRequest(acr_wished=("a",))),
        ({"userinfo": {"acr": {"essential": True, "value": "a"}}}, NONE),
        ({"id_token": {"acr": {"essential": True}, "auth_time": {"essential": True}}}, NONE),
        ({"id_token": {"sub": {"value": "u_1"}}}, ClaimsRequest(subject="u_1")),
        ({"else": {"email": None}, "userinfo": {"x#de": {"y": 1}, "groups": None}}, NONE),
    ],
)
def test_what_is_asked_for_is_read_and_the_rest_is_ignored(given: Any, asked: ClaimsRequest) -> None:
    assert read(given) == asked


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        '"id_token"',
        '{"id_token":[]}',
        '{"id_token":"x"}',
        '{"id_token":{"email":1}}',
        '{"id_token":{"email":{"essential":"yes"}}}',
        '{"id_token":{"acr":{"values":"a"}}}',
        '{"id_token":{"acr":{"values":[1]}}}',
        '{"id_token":{"acr":{"value":"a b"}}}',
        '{"id_token":{"acr":{"value":"a\\n"}}}',
        '{"id_token":{"sub":{"values":["a","b"]}}}',
        '{"id_token":{},"id_token":{}}',
        '{"id_token":{"acr":{"values":' + json.dumps(["a"] * (MAX_VALUES + 1)) + "}}}",
        '{"id_token":' + "[" * 2_000,
        json.dumps({"x": "y" * MAX_LENGTH}),
        "\ud800",
    ],
)
@requirement("oidc-core:claims-are-well-formed")
def test_claims_that_are_malformed_are_refused(text: str) -> None:
    with refused("invalid_request"):
        claims_request.read(text)
