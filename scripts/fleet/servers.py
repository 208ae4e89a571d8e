"""Starts Redis, Sentinel and the emulator as children, on free ports of loopback."""

import json
import os
import shutil
import subprocess
import time
import urllib.request

from children import Child, free_port
from resp import Connection, RedisError

ACCESS_ID = "1500001048"
SECRET_KEY = "1452fcebae9f3115ba794fb0fff2fd73"
PATIENCE = 30.0


def wait_for(what, condition, patience=PATIENCE):
    """The first answer of `condition` that is true; it may fail while the server starts."""
    ends = time.monotonic() + patience
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            last = "not yet"
        except (OSError, RedisError, ValueError) as error:
            last = error
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: {last}")
        time.sleep(0.01)


class RedisServer:
    """A redis-server whose data survive its death: what it acknowledged is in its file."""

    def __init__(self, folder, *, port=None, options=(), network=None):
        self.folder, self.port = folder, port or free_port()
        self._network, self._options = network, list(options)
        os.makedirs(folder, exist_ok=True)
        self.start()

    def start(self):
        """Starts it (again), and answers at once; `wait` waits until it serves."""
        log = os.path.join(self.folder, "redis.log")
        self.child = Child(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "-::1"]
            + ["--dir", self.folder, "--logfile", log, "--daemonize", "no"]
            + ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
            + ["--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"]
            + self._options,
            network=self._network,
        )

    def start_as_replica_of(self, master):
        """Starts it again, without what it had."""
        shutil.rmtree(os.path.join(self.folder, "appendonlydir"), ignore_errors=True)
        kept = self._options
        self._options = [*kept, "--replicaof", "127.0.0.1", str(master.port)]
        try:
            self.start()
        finally:
            self._options = kept

    def wait(self):
        wait_for("redis-server", lambda: self.call("PING") == "PONG")
        return self

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def call(self, *words):
        connection = Connection(self.port)
        try:
            return connection.call(*words)
        finally:
            connection.close()

    def kill(self):
        self.child.kill()


class Sentinels:
    """One master, two replicas and three sentinels, as Redis' own manual draws it."""

    NAME = "fleet"

    def __init__(self, folder, *, options=()):
        self.servers = [RedisServer(os.path.join(folder, "redis0"), options=options).wait()]
        first = self.servers[0].port
        for n in (1, 2):
            where = os.path.join(folder, f"redis{n}")
            follows = ["--replicaof", "127.0.0.1", str(first)]
            self.servers.append(RedisServer(where, options=[*options, *follows]).wait())
        self.sentinels = [self._sentinel(folder, n, first) for n in range(3)]
        self.ports = [port for port, _ in self.sentinels]

    def _sentinel(self, folder, n, master):
        port, where = free_port(), os.path.join(folder, f"sentinel{n}")
        os.makedirs(where, exist_ok=True)
        file = os.path.join(where, "sentinel.conf")
        with open(file, "w", encoding="ascii") as conf:
            conf.write(
                f"port {port}\nbind 127.0.0.1\ndir {where}\nlogfile {where}/sentinel.log\n"
                f"sentinel monitor {self.NAME} 127.0.0.1 {master} 2\n"
                f"sentinel down-after-milliseconds {self.NAME} 1500\n"
                f"sentinel failover-timeout {self.NAME} 10000\n"
                f"sentinel parallel-syncs {self.NAME} 2\n"
            )
        return port, Child(["redis-sentinel", file])

    def _knows_all(self, port):
        connection = Connection(port)
        try:
            row = connection.call("SENTINEL", "MASTER", self.NAME)
        finally:
            connection.close()
        master = dict(zip(row[::2], row[1::2]))
        return master["num-slaves"] == "2" and master["num-other-sentinels"] == "2"

    @staticmethod
    def _replicas(server):
        info = server.call("INFO", "replication")
        return sum("state=online" in line for line in info.splitlines())

    def master(self):
        """The server that the sentinels name now."""
        for port in self.ports:
            try:
                connection = Connection(port)
                try:
                    answer = connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.NAME)
                finally:
                    connection.close()
            except (OSError, RedisError):
                continue
            for server in self.servers:
                if answer and server.port == int(answer[1]):
                    return server
        return self.servers[0]

    def is_whole(self):
        """Whether the master serves with both replicas, and every sentinel knows them."""
        try:
            master = self.master()
            return (
                "role:master" in master.call("INFO", "replication")
                and self._replicas(master) == 2
                and all(map(self._knows_all, self.ports))
            )
        except (OSError, RedisError):
            return False

    def wait(self):
        wait_for("one master and two replicas", self.is_whole, 60)
        return self

    def call(self, *words):
        return self.master().call(*words)

    def url(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"redis+sentinel://{hosts}/{self.NAME}"

    def kill(self):
        for _, child in self.sentinels:
            child.kill()
        for server in self.servers:
            server.kill()


class Emulator:
    def __init__(self, program, *, network=None, env=None, **settings):
        """`program`: the words that start it."""
        # Every request is kept: 4 GiB are more than any scene sends.
        bounds = {"max_log": 2_000_000, "max_log_bytes": 4 << 30}
        settings = {"over_limit": "allow", **bounds, **settings}
        flags = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
        self.child = Child(
            [*program, "--exit-with-parent", *flags],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            network=network,
        )
        line = self.child.process.stdout.readline().decode()
        if not line.startswith("listening on "):
            raise OSError("the emulator did not start")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def admin(self, name, body=None):
        """POSTs `body`, if there is one, and else asks."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", data=data)
        with self._opener.open(request, timeout=120) as response:
            return json.loads(response.read())

    def log(self):
        """Every request, in the order of arrival, page by page."""
        last, more = 0, True
        while more:
            page = self.admin(f"log?since={last}&limit=10000")
            yield from page["log"]
            more = page["more"]
            last = page["log"][-1]["seq"] if page["log"] else last

    def tokens(self):
        self.admin("settle", {})
        return self.admin("state")["state"]["tokens"]

    def kill(self):
        self.child.kill()
