"""A portfolio from a real PostgreSQL server, started for the test; where there is none to start, the test is skipped and says so."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from recoup.experiments.runs.runfolder import write_text
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.sources import source_of
from tests.command import recoup

PASSWORD = "s3cret word/1"
AS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # the server refuses to run as root


def binary(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or (str(places[0]) if places else None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """user:password@host:port/database of a server with a table of accounts."""
    pytest.importorskip("pg8000", reason='needs pip install "recoup[sql]"')
    initdb, control = binary("initdb"), binary("pg_ctl")
    if not initdb or not control:
        pytest.skip("no PostgreSQL server is installed (initdb and pg_ctl)")
    if AS_USER and subprocess.run([*AS_USER, "true"], check=False, capture_output=True).returncode:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres to run it as")
    import pg8000.native

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(mkdtemp(prefix="recoup-postgresql-"))  # pytest's own folders are closed to the server's user
    folder.chmod(0o755)
    secret = folder / "password"
    write_text(secret, PASSWORD)
    secret.chmod(0o644)
    data = folder / "data"
    if AS_USER:
        data.mkdir()
        shutil.chown(data, "postgres")
        data.chmod(0o700)
    made = [initdb, "-D", data, "-U", "me", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"]
    subprocess.run([*AS_USER, *made], check=True, capture_output=True, cwd="/")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    subprocess.run([*AS_USER, control, "-D", data, "-o", options, "-w", "-l", data / "log", "start"], check=True, capture_output=True, cwd="/")  # fmt: skip
    try:
        connection = pg8000.native.Connection("me", host="127.0.0.1", port=port, password=PASSWORD, database="postgres")
        connection.run("CREATE TABLE accounts (id text, bal numeric(12, 2), due date, late boolean, seen timestamptz)")
        connection.run(
            "INSERT INTO accounts VALUES ('甲1', 1234.50, '2025-01-05', true, '2025-01-05 10:00+00'), ('b', 20, '2025-02-20', false, NULL)"
        )
        connection.close()
        yield f"me:s3cret%20word%2F1@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*AS_USER, control, "-D", data, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/"
        )
        shutil.rmtree(folder, ignore_errors=True)


MAP = (
    "as_of: 2025-03-03\nfields: {account_id: id, opening_balance: bal, dpd: {date_column: due}, stable_assets: late}\n"
)


def test_a_table_and_a_query_of_a_server(server: str, tmp_path: Path) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(MAP)
    for address in (
        f"postgresql://{server}",
        f"postgresql://{server}?query=SELECT * FROM accounts WHERE id LIKE '%' AND due::text <> 'a:b :c' ORDER BY due",
    ):
        found = inspect(source_of(address), map_file)
        assert found.problems == []
        assert found.table["account_id"].tolist() == ["甲1", "b"]
        assert found.table["opening_balance"].tolist() == [1234.5, 20]
        assert found.table["dpd"].tolist() == [57, 11] and found.table["stable_assets"].tolist() == [1, 0]


def test_a_server_is_only_read_and_its_password_never_told(server: str, tmp_path: Path) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(MAP)
    emptied = "WITH gone AS (DELETE FROM accounts RETURNING *) SELECT * FROM gone"
    with pytest.raises(InputError, match=r"read-only transaction|data-modifying statements"):
        inspect(source_of(f"postgresql://{server}?query={emptied}"), map_file)
    wrong = server.replace("s3cret", "other")
    done = recoup("portfolio", "check", f"postgresql://{wrong}?query=SELECT 1", "--map", map_file)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "password authentication failed" in done.stderr
    assert "other" not in done.stderr and "word" not in done.stderr.replace("password", "")
    right = recoup("portfolio", "check", f"postgresql://{server}", "--map", map_file)
    assert right.returncode == 0, right.stderr
    assert "s3cret" not in right.stdout and f"postgresql://me@{server.partition('@')[2]}: 2 rows" in right.stdout
