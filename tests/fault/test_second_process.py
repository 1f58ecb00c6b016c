"""One process owns a data directory: a second one leaves it alone and says so, until the first is gone."""

from pathlib import Path

from tests.fault.served import Server, once, started


def test_a_second_process_on_the_same_data_directory_ends_at_once_and_says_why(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "data")
    with started(tmp_path / "data") as first:
        for path in (tmp_path / "data", link):
            second = once(path)
            assert second.returncode == 2
            assert second.stdout == ""
            assert second.stderr.count("\n") == 1
            assert "in use by another tenantry" in second.stderr
        assert first.get("/.well-known/jwks.json").status == 200


def test_when_the_owner_was_killed_the_next_one_starts(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        keys = first.get("/.well-known/jwks.json").body
        first.kill()
    with started(tmp_path / "data", host=first.host) as second:
        assert second.get("/.well-known/jwks.json").body == keys
        assert second.stop() == 0


def test_a_server_that_is_told_to_stop_closes_its_files_and_ends_well(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        assert isinstance(server, Server)
        assert server.get("/.well-known/jwks.json").status == 200
        assert server.stop() == 0
    assert list(tmp_path.rglob("*-wal")) == []
