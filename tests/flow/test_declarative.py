"""`tenantry apply`, `diff` and `export` against a running server: issuers as files."""

import json
import re
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.cli.declared import kinds
from tests.support.command import Ran
from tests.support.requirement import requirement
from tests.support.serving import Serving, serving

DOCS = Path(__file__).parents[2] / "docs" / "declarative.md"
SECRET = "the-secret-at-google"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


class Desk:
    """An operator with files, and the secret of the example in the environment."""

    def __init__(self, server: Serving, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def write(self, *documents: Any, name: str = "file.yaml") -> str:
        (self.folder / name).write_text(yaml.safe_dump_all(documents))
        return str(self.folder / name)

    def run(self, *words: str, stdin: str = "", secret: str = SECRET) -> Ran:
        return self.server.operator(*words, stdin=stdin, LINDEN_GOOGLE_SECRET=secret)

    def apply(self, *documents: Any, words: tuple[str, ...] = ()) -> dict[str, str]:
        """What became of each thing."""
        ran = self.run("apply", "-f", self.write(*documents), "-o", "json", *words)
        return {item["name"]: item["result"] for item in ran.value}

    def get(self, *words: str) -> Any:
        return self.run(*words, "-o", "json").value


@pytest.fixture
def desk(server: Serving, tmp_path: Path) -> Desk:
    return Desk(server, tmp_path)


def issuer(own_id: str, **members: Any) -> dict[str, Any]:
    return {"kind": "Issuer", "id": own_id, "issuer_uri": f"https://{own_id}.test", **members}


def test_the_example_of_the_documentation_does_what_it_says(desk: Desk) -> None:
    text = DOCS.read_text()
    [example] = re.findall(r"```yaml\n(kind: Issuer\n.*?)```", text, re.DOTALL)
    [session] = re.findall(r"```\n\$ tenantry apply -f linden\.yaml\n(.*?)```", text, re.DOTALL)
    first, _, second = session.partition("$ tenantry apply -f linden.yaml\n")
    (desk.folder / "linden.yaml").write_text(example)
    words = ("apply", "-f", str(desk.folder / "linden.yaml"))
    ran = desk.run(*words)
    assert (ran.code, {*ran.out.splitlines(), *ran.err.splitlines()}) == (0, set(first.splitlines()))
    again = desk.run(*words)
    assert (again.code, again.out, again.err) == (0, second, "")
    assert desk.run("diff", *words[1:]).code == 0
    assert set(yaml.safe_load(example)) - {"kind", "id", "issuer_uri", "display_name", "policy"} == set(
        kinds.sections()
    )


@requirement("house:applied-twice-changes-nothing")
def test_what_is_exported_and_applied_changes_nothing_in_either_form(desk: Desk) -> None:
    desk.apply(
        issuer(
            "round",
            policy={"client_limit": {"per_minute": 5, "burst": 7}, "registration": "closed", "allowed_origins": []},
            identity_providers=[
                {"id": "plain", "workos": {}, "client_id": "x", "client_secret": {"env": "LINDEN_GOOGLE_SECRET"}}
            ],
            resources=[{"id": "one", "uri": "https://one.test", "access_token_ttl": "90s", "token_format": "opaque"}],
            clients=[{"id": "app", "redirect_uris": ["https://app.test/cb"], "dpop_bound_access_tokens": True}],
        )
    )
    before = {words: desk.get(*words) for words in (("issuer", "get", "round"), ("provider", "get", "round", "plain"))}
    for form in ("yaml", "json"):
        exported = desk.run("export", "round", "-o", form)
        assert exported.code == 0
        assert SECRET not in exported.out
        (desk.folder / form).write_text(exported.out)
        assert desk.run("diff", "-f", str(desk.folder / form)).out == ""
        ran = desk.run("apply", "-f", "-", "-o", "json", stdin=exported.out)
        assert {item["result"] for item in ran.value} == {"unchanged"}
    assert before == {words: desk.get(*words) for words in before}
    [document] = yaml.safe_load_all((desk.folder / "yaml").read_text())
    assert document["policy"]["access_token_ttl"] == "1h"
    assert document["resources"] == [
        {"id": "one", "uri": "https://one.test", "token_format": "opaque", "access_token_ttl": "90s"}
    ]
    assert json.loads((desk.folder / "json").read_text()) == [document]


def test_all_issuers_are_exported_in_order(desk: Desk) -> None:
    desk.apply(issuer("order-b"), issuer("order-a"), issuer("order-c"))
    ids = [document["id"] for document in yaml.safe_load_all(desk.run("export").out)]
    assert ids == sorted(ids)
    assert {"order-a", "order-b", "order-c"} <= set(ids)


def test_only_what_is_said_is_changed(desk: Desk) -> None:
    desk.apply(issuer("said", display_name="Said", policy={"session_ttl": "2h", "debug": True}))
    changed = desk.apply(issuer("said", policy={"debug": False, "grant_ttl": "7d"}))
    assert changed == {"issuers/said": "updated"}
    now = desk.get("issuer", "get", "said")
    assert (now["display_name"], now["policy"]["session_ttl"]) == ("Said", "7200s")
    assert (now["policy"]["debug"], now["policy"]["grant_ttl"]) == (False, "604800s")
    assert desk.apply(issuer("said", display_name="")) == {"issuers/said": "updated"}
    assert "display_name" not in desk.get("issuer", "get", "said")


def test_what_the_server_writes_in_its_own_way_is_no_difference(desk: Desk) -> None:
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
    one = {"id": "own", "token_endpoint_auth_method": "private_key_jwt", "redirect_uris": ["https://app.test/cb"]}
    document = issuer("own-way", clients=[{**one, "jwks": json.dumps(keys, indent=4)}])
    assert set(desk.apply(document).values()) == {"created"}
    assert set(desk.apply(document).values()) == {"unchanged"}


@requirement("house:no-secret-in-a-file-of-issuers")
def test_a_secret_is_taken_from_the_environment_or_a_file_and_from_nowhere_else(desk: Desk) -> None:
    def given(secret: Any) -> dict[str, Any]:
        provider: dict[str, Any] = {"id": "google", "google": {}, "client_id": "x", "client_secret": secret}
        return issuer("secrets", identity_providers=[provider])

    name = "issuers/secrets/identityProviders/google"
    assert desk.apply(given({"env": "LINDEN_GOOGLE_SECRET"}))[name] == "created"
    (desk.folder / "google").write_text(f"{SECRET}\n")
    assert desk.apply(given({"file": "google"}))[name] == "unchanged"
    (desk.folder / "google").write_text("another\n")
    shown = desk.run("diff", "-f", desk.write(given({"file": "google"})))
    assert (shown.code, shown.out) == (4, f"~ {name}\n  + client_secret: (a secret)\n")
    before = desk.get("provider", "get", "secrets", "google")["etag"]
    assert desk.apply(given({"file": "google"}))[name] == "updated"
    assert desk.get("provider", "get", "secrets", "google")["etag"] != before
    for wrong in ("plain", {"env": "NOTHING_OF_THIS_NAME"}, {"file": "nothing"}, {"env": "A", "file": "b"}, {}):
        line = desk.run("apply", "-f", desk.write(given(wrong))).failed(2)
        assert "identity_providers[0], client_secret: " in line
        assert "plain" not in line


def test_a_secret_that_the_server_makes_goes_to_a_file_of_the_operators_own(desk: Desk) -> None:
    made = issuer(
        "made",
        clients=[
            {"id": "app", "redirect_uris": ["https://a.test"], "token_endpoint_auth_method": "client_secret_basic"}
        ],
        webhook={"uri": "https://hooks.example.com/made"},
    )
    secrets = desk.folder / "secrets"
    ran = desk.run("apply", "-f", desk.write(made), "--secrets-file", str(secrets))
    assert (ran.code, ran.err) == (0, "")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    told = {item.pop("name"): item for item in map(json.loads, secrets.read_text().splitlines())}
    assert told["issuers/made/webhook"]["secret"].startswith("whsec_")
    assert told["issuers/made/clients/app"].keys() == {"client_secret"}
    assert not any(value in ran.out for members in told.values() for value in members.values())
    assert "cannot be made" in desk.run("apply", "-f", desk.write(made), "--secrets-file", str(secrets)).failed(2)
    silent = desk.run("apply", "-f", desk.write({**made, "id": "silent", "issuer_uri": "https://silent.test"}))
    assert silent.code == 0
    assert "the client_secret of issuers/silent/clients/app was made and is not shown" in silent.err


def test_a_difference_is_shown_and_ends_with_4_and_changes_nothing(desk: Desk) -> None:
    desk.apply(issuer("drift", display_name="Before", clients=[{"id": "old", "redirect_uris": ["https://a.test"]}]))
    wanted = desk.write(
        issuer("drift", display_name="After", clients=[{"id": "new", "redirect_uris": ["https://b.test"]}])
    )
    shown = desk.run("diff", "-f", wanted, "--prune")
    assert shown.code == 4
    assert shown.out.splitlines()[:7] == [
        "~ issuers/drift",
        "  - display_name: Before",
        "  + display_name: After",
        "+ issuers/drift/clients/new",
        '  + redirect_uris: ["https://b.test"]',
        "- issuers/drift/clients/old",
        '  - redirect_uris: ["https://a.test"]',
    ]
    [first, *_] = json.loads(desk.run("diff", "-f", wanted, "-o", "json").out)
    assert first == {
        "name": "issuers/drift",
        "result": "updated",
        "before": {"display_name": "Before"},
        "after": {"display_name": "After"},
    }
    dry = desk.run("apply", "-f", wanted, "--prune", "--dry-run")
    assert (dry.code, dry.out.splitlines()[-1]) == (0, "dry run: 1 created, 1 updated, 1 deleted")
    assert desk.get("issuer", "get", "drift")["display_name"] == "Before"
    assert desk.run("client", "list", "drift", "-o", "name").out == "issuers/drift/clients/old\n"


def test_only_with_prune_and_only_in_the_sections_of_the_file_is_anything_deleted(desk: Desk) -> None:
    clients = [{"id": own_id, "redirect_uris": ["https://a.test"]} for own_id in ("one", "two")]
    resources = [{"id": "files", "uri": "https://files.test"}]
    desk.apply(issuer("pruned", clients=clients, resources=resources), issuer("bystander"))
    fewer = desk.write(issuer("pruned", clients=clients[:1]))

    def left() -> list[str]:
        listed = (
            desk.run("client", "list", "pruned", "-o", "name").out
            + desk.run("resource", "list", "pruned", "-o", "name").out
        )
        return [name.rpartition("/")[2] for name in listed.split()]

    assert desk.run("apply", "-f", fewer).code == 0
    assert left() == ["one", "two", "files"]
    for typed in ("", "2\n", "yes\n"):
        refused = desk.run("apply", "-f", fewer, "--prune", stdin=typed)
        assert refused.code == 2
        assert "  issuers/pruned/clients/two\n" in refused.err
        assert "nothing is done" in refused.err
    assert left() == ["one", "two", "files"]
    pruned = desk.run("apply", "-f", fewer, "--prune", stdin="1\n")
    assert (pruned.code, pruned.out) == (0, "issuers/pruned/clients/two deleted\n1 deleted, 2 unchanged\n")
    assert left() == ["one", "files"]
    assert (
        desk.apply(issuer("pruned", clients=[]), words=("--prune", "--yes"))["issuers/pruned/clients/one"] == "deleted"
    )
    assert left() == ["files"]
    assert desk.get("issuer", "get", "bystander")["state"] == "STATE_ACTIVE"


def test_clients_that_the_operator_did_not_make_are_left_alone(desk: Desk) -> None:
    desk.apply(issuer("open", clients=[{"id": "ours", "redirect_uris": ["https://a.test"]}]))
    host, port = desk.server.http.split(":")
    assert (host, port.isdigit()) == ("127.0.0.1", True)
    import httpx

    registered = httpx.post(
        f"http://{desk.server.http}/register",
        headers={"Host": "open.test"},
        json={"redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": "none"},
        trust_env=False,
    )
    assert registered.status_code == 201
    [document] = yaml.safe_load_all(desk.run("export", "open").out)
    assert [client["id"] for client in document["clients"]] == ["ours"]
    assert "deleted" not in desk.apply(document, words=("--prune", "--yes")).values()
    assert len(desk.get("client", "list", "open")) == 2


def test_what_needs_another_thing_may_stand_before_it(desk: Desk) -> None:
    machine = {"id": "zeta", "token_endpoint_auth_method": "none", "grant_types": [JWT_BEARER]}
    rule = {"client_id": "zeta", "claims": {"sub": "repo:acme/app:*"}}
    document = issuer(
        "needs",
        workload_issuers=[{"id": "ci", "issuer_uri": "https://ci.test", "rules": [rule]}],
        clients=[machine],
    )
    file = desk.folder / "order.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    ran = desk.run("apply", "-f", str(file))
    assert (ran.code, ran.err, ran.out.splitlines()[-1]) == (0, "", "3 created")


def test_what_is_refused_is_told_with_its_place_and_the_rest_goes_on(desk: Desk) -> None:
    bad = issuer(
        "mixed",
        resources=[{"id": "bad", "uri": "ftp://files.test"}, {"id": "good", "uri": "https://files.test"}],
        webhook={"uri": "https://10.0.0.1/"},
    )
    file = desk.write(issuer("first"), bad, issuer("last"))
    ran = desk.run("apply", "-f", file)
    assert ran.code == 1
    [resource, webhook] = ran.err.splitlines()
    assert resource.startswith(f"tenantry: {file}, document 2, resources[0]: resource.uri: ")
    assert webhook.startswith(f"tenantry: {file}, document 2, webhook: webhook.uri: ")
    assert ran.out.splitlines()[-1] == "4 created, 2 failed"
    taken = issuer(
        "second", issuer_uri="https://first.test", clients=[{"id": "app", "redirect_uris": ["https://a.test"]}]
    )
    for words in (("apply",), ("apply", "--dry-run"), ("diff",)):
        ran = desk.run(*words, "-f", desk.write(taken))
        assert (ran.code, len(ran.err.splitlines())) == (1, 2)
        assert "clients[0]: its issuer is not there" in ran.err


def test_of_a_file_about_another_issuer_nothing_is_done(desk: Desk) -> None:
    app = {"id": "app", "redirect_uris": ["https://a.test"]}
    desk.apply(issuer("mine", display_name="Mine", clients=[{**app, "id": "kept"}]))
    before = desk.run("export", "mine").out
    file = desk.write(
        issuer("mine", issuer_uri="https://theirs.test", display_name="Theirs", clients=[app], webhook={})
    )
    for words in (("apply", "--prune", "--yes"), ("apply", "--dry-run"), ("diff", "--prune")):
        line = desk.run(*words, "-f", file, "-o", "name").failed(1)
        assert line == (
            f"tenantry: {file}, document 1: is about another issuer: mine is https://mine.test at this server, "
            "not https://theirs.test; nothing of it is done"
        )
    assert desk.run("export", "mine").out == before
    silent = issuer("mine", clients=[app])
    del silent["issuer_uri"]
    assert desk.apply(silent) == {"issuers/mine": "unchanged", "issuers/mine/clients/app": "created"}


def test_nothing_is_deleted_of_an_issuer_that_is_refused_itself(desk: Desk) -> None:
    desk.apply(issuer("refused", clients=[{"id": "kept", "redirect_uris": ["https://a.test"]}]))
    bad = desk.write(issuer("refused", policy={"access_token_ttl": "1000d"}, clients=[]))
    ran = desk.run("apply", "-f", bad, "--prune", "--yes")
    assert (ran.code, ran.out) == (1, "1 failed\n")
    assert desk.run("client", "list", "refused", "-o", "name").out == "issuers/refused/clients/kept\n"


def test_a_dry_run_counts_as_the_real_run_does(desk: Desk) -> None:
    app = {"id": "app", "redirect_uris": ["https://a.test"]}
    whole = issuer("counted", clients=[app], webhook={"uri": "https://hooks.example.com/counted"})
    for document in (whole, issuer("counted-too", webhook={"uri": ""}), whole):
        file = desk.write(document)
        dry, real = desk.run("apply", "-f", file, "--dry-run"), desk.run("apply", "-f", file)
        assert (dry.code, real.code) == (0, 0)
        assert dry.out.splitlines()[-1] == f"dry run: {real.out.splitlines()[-1]}"


def test_files_with_a_fault_are_not_used_at_all_and_all_faults_are_told(desk: Desk) -> None:
    (desk.folder / "bad.yaml").write_text("kind: Issuer\nid: a\ncolor: red\ndisplay_name: 2026-01-01\nsize: 3\n")
    good = desk.write(issuer("never"), name="good.yaml")
    ran = desk.run("apply", "-f", good, "-f", str(desk.folder / "bad.yaml"))
    assert (ran.code, ran.out) == (2, "")
    place = f"tenantry: {desk.folder / 'bad.yaml'}, document 1"
    assert ran.err.splitlines() == [f"{place}, {name}: is no field of Issuer" for name in ("color", "size")]
    assert "issuers/never" not in desk.run("issuer", "list", "-o", "name").out


def test_a_file_that_cannot_be_read_is_named_once_and_with_the_line(desk: Desk) -> None:
    folder = desk.folder
    (folder / "bad.yaml").write_text("kind: Issuer\nid: [a\n")
    (folder / "latin.yaml").write_bytes(b"kind: \xff\n")
    for name, why in (
        ("gone.yaml", "No such file or directory"),
        ("bad.yaml", "line 3, column 1: "),
        ("latin.yaml", "it is no text in UTF-8"),
    ):
        line = desk.run("apply", "-f", str(folder / name)).failed(2)
        assert line.startswith(f"tenantry: {folder / name}: cannot be read: {why}")
        assert line.count(name) == 1
        assert "unicode string" not in line
    provider = {"id": "google", "google": {}, "client_id": "x", "client_secret": {"file": "gone"}}
    line = desk.run("apply", "-f", desk.write(issuer("a", identity_providers=[provider]))).failed(2)
    assert line.endswith("identity_providers[0], client_secret: gone cannot be read: No such file or directory")
    assert (
        desk.run("apply", "-f", "-", stdin="[").failed(2).startswith("tenantry: the standard input: cannot be read: ")
    )
    assert desk.run("apply", "-f", "-", stdin="a: b").failed(2).startswith("tenantry: the standard input, document 1: ")


def test_an_export_says_where_a_secret_belongs_and_so_does_who_misses_it(desk: Desk) -> None:
    google = {"id": "google", "google": {}, "client_id": "x", "client_secret": {"env": "LINDEN_GOOGLE_SECRET"}}
    keyless = {
        "id": "keyed",
        "oidc": {"issuer_uri": "https://id.test"},
        "client_id": "x",
        "token_endpoint_auth_method": "private_key_jwt",
    }
    desk.apply(issuer("commented", identity_providers=[google, keyless]))
    exported = desk.run("export", "commented").out
    assert exported.count("#") == 1
    [document] = yaml.safe_load_all(exported.replace("# client_secret: {env: NAME}", "client_secret: {env: NAME}"))
    assert [each.get("client_secret") for each in document["identity_providers"]] == [{"env": "NAME"}, None]
    moved = exported.replace("commented", "commented-too")
    ran = desk.run("apply", "-f", "-", stdin=moved)
    assert ran.code == 1
    [line] = ran.err.splitlines()
    assert line.startswith("tenantry: the standard input, document 1, identity_providers[0]: ")
    assert line.endswith("; say where it lies: client_secret: {env: NAME}")


def test_a_server_that_is_not_there_ends_with_3(desk: Desk) -> None:
    file = desk.write(issuer("nowhere"))
    for words in (("apply", "-f", file), ("diff", "-f", file), ("export",)):
        desk.run(*words, "--address", "127.0.0.1:1").failed(3)


def test_many_issuers_are_brought_up_to_date_side_by_side(desk: Desk) -> None:
    """And told in the order of the file."""
    documents = [issuer(f"many-{number:03}", display_name=str(number)) for number in range(60)]
    assert list(desk.apply(*documents).items()) == [(f"issuers/many-{number:03}", "created") for number in range(60)]
    assert set(desk.apply(*documents).values()) == {"unchanged"}
