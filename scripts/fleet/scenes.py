"""What is done to a fleet. A scene yields its fleet once it runs, acts, and yields the rules
by which the referee judges it.
"""

from dataclasses import dataclass

import networks
from fleet import LEASE_MS, Fleet
from proxy import Proxy
from referee import Rules
from servers import RedisServer, Sentinels

MEMBERS = 8


@dataclass
class Size:
    """How much is done in one round of a scene, and which scenes there are."""

    kills: int
    failovers: int
    scenes: tuple
    is_short: bool = False

    def rounds(self, scene):
        # 200 kills of each kind.
        return 10 if scene == "kills" and not self.is_short else 1


def of_a_file(programs, seed, size):
    """One process with a file and no engine. Its unread reports end with it."""
    fleet = Fleet(programs, seed)
    options = {"outbox_file": f"{fleet.folder}/outbox", "outbox_commit_ms": 1}
    fleet.add_members(1, options, rate=400)
    yield fleet
    kills = 10 * size.kills
    fleet.run([fleet.kills_processes(kills, (0.05, 0.3))], 30 + 2 * kills)
    yield Rules(reports_wait=False)


def over_redis(programs, seed):
    fleet = Fleet(programs, seed)
    fleet.engine = RedisServer(f"{fleet.folder}/redis").wait()
    return fleet


def of_kills(programs, seed, size):
    """Relay, process and engine are killed, each in its own rhythm."""
    fleet = over_redis(programs, seed)
    fleet.add_members(MEMBERS, fleet.on_engine())
    yield fleet
    # A relay's end costs a lease; the others take as long together.
    each = (LEASE_MS / 1000 + 1.5) if not size.is_short else 3.0
    fleet.run(
        [
            fleet.kills_relays(size.kills, (0.0, 0.6)),
            fleet.kills_processes(size.kills, (0.3 * each, 0.9 * each)),
            fleet.kills_engine(size.kills, (0.3 * each, 0.9 * each)),
        ],
        60 + 4 * each * size.kills,
    )
    yield Rules(reports_wait=not size.is_short)


def of_spools(programs, seed, size):
    """As `kills`, and each member has a file as its spool: what is in it comes back."""
    fleet = over_redis(programs, seed)
    fleet.add_members(
        MEMBERS,
        lambda slot: fleet.on_engine(
            outbox_file=f"{fleet.folder}/gate{slot}.outbox", outbox_commit_ms=1
        ),
    )
    yield fleet
    each = LEASE_MS / 1000 + 1.5
    fleet.run(
        [
            fleet.kills_relays(size.kills, (0.0, 0.6)),
            fleet.kills_processes(size.kills, (0.3 * each, 0.9 * each)),
            # Away for long enough that much is in the files only.
            fleet.kills_engine(size.kills // 2, (each, 2 * each), away=(0.5, 3.0)),
        ],
        60 + 6 * each * size.kills,
    )
    yield Rules()


def of_groups(programs, seed, size):
    """Reports go to whoever of a group takes them, and members of it are killed."""
    fleet = over_redis(programs, seed)
    fleet.add_members(MEMBERS, fleet.on_engine(outbox_reports_to="group:workers"))
    yield fleet
    each = LEASE_MS / 1000 + 1.5
    fleet.run(
        [
            fleet.kills_relays(size.kills // 2, (0.0, 0.6)),
            fleet.kills_processes(2 * size.kills, (0.1 * each, 0.4 * each)),
        ],
        60 + 4 * each * size.kills,
    )
    yield Rules()


def of_closings(programs, seed, size):
    """Whoever leads is closed in order, and starts again."""
    fleet = over_redis(programs, seed)
    fleet.add_members(MEMBERS, fleet.on_engine())
    yield fleet
    fleet.run([fleet.closes_relays(size.kills, (0.5, 1.5))], 60 + 10 * size.kills)
    yield Rules()


def of_pauses(programs, seed, size):
    """Whoever leads is stopped for longer than its lease, and goes on; so is the engine, for
    as long as a command may take and longer."""
    fleet = over_redis(programs, seed)
    fleet.add_members(MEMBERS, fleet.on_engine())
    yield fleet
    fleet.run(
        [
            fleet.pauses_relays(size.kills, (0.2, 1.0), LEASE_MS / 1000 + 1.5),
            fleet.pauses_engine(size.kills, (1.0, 4.0), (0.1, 3.0)),
        ],
        60 + 30 * size.kills,
    )
    yield Rules()


def of_cuts(programs, seed, size):
    """Each member has its own line to the engine and to the service: one at a time is held,
    dropped or cut for a while."""
    fleet = over_redis(programs, seed)
    targets = {}
    for slot in range(MEMBERS):
        targets[f"engine{slot}"] = fleet.engine.port
        targets[f"service{slot}"] = fleet.service.port
    fleet.lines = Proxy(targets)
    ports = fleet.lines.ports
    fleet.add_members(
        MEMBERS,
        lambda slot: fleet.on_engine(
            outbox_url=f"redis://127.0.0.1:{ports[f'engine{slot}']}",
            base_url=f"http://127.0.0.1:{ports[f'service{slot}']}",
        ),
    )
    yield fleet
    fleet.run(cutting(fleet, size), 60 + 30 * size.kills)
    yield Rules()


def cutting(fleet, size):
    """Lines between relay and engine, relay and service, process and engine; for less than a
    lease, and for more."""
    lease = LEASE_MS / 1000
    return [
        fleet.cuts_lines("engine", size.kills, (0.5, 2.0), (0.2, lease + 2), leads=True),
        fleet.cuts_lines("service", size.kills, (0.5, 2.0), (0.2, 3.0), leads=True),
        fleet.cuts_lines("engine", size.kills, (0.5, 2.0), (0.2, lease + 2), leads=False),
    ]


def of_namespaces(programs, seed, size):
    """The same, where each member is in a network namespace of its own: packets go nowhere,
    and nobody is told."""
    hub = networks.Hub(MEMBERS)
    try:
        fleet = Fleet(programs, seed, listen="0.0.0.0")
        fleet.engine = RedisServer(
            f"{fleet.folder}/redis", options=["--bind", "*", "--protected-mode", "no"]
        ).wait()
    except BaseException:
        hub.end()
        raise
    fleet.lines = hub
    fleet.add_members(
        MEMBERS,
        lambda slot: fleet.on_engine(
            outbox_url=f"redis://{hub.address(slot, 'engine')}:{fleet.engine.port}",
            base_url=f"http://{hub.address(slot, 'service')}:{fleet.service.port}",
            allow_http="true",
        ),
        network=hub.namespace,
    )
    yield fleet
    fleet.run(cutting(fleet, size), 60 + 30 * size.kills)
    yield Rules()


def _of_failovers(programs, seed, size, durability):
    fleet = Fleet(programs, seed)
    # Without min-replicas-to-write, which would refuse what is to be lost.
    fleet.engine = Sentinels(f"{fleet.folder}/redis").wait()
    fleet.add_members(
        MEMBERS,
        fleet.on_engine(outbox_url=fleet.engine.url(), outbox_engine_durability=durability),
    )
    yield fleet
    fleet.run(
        [
            fleet.fails_over(size.failovers),
            fleet.kills_processes(3 * size.failovers, (1.0, 4.0)),
        ],
        120 + 60 * size.failovers,
    )
    if durability == "replica":
        yield Rules()
    else:
        yield Rules(sends_again=True, durable_orders=False, went_back=fleet.went_back)


def of_failovers_to_a_copy(programs, seed, size):
    """Masters die with a tail that no replica has, and with `replica` nobody was told of it."""
    yield from _of_failovers(programs, seed, size, "replica")


def of_failovers_with_loss(programs, seed, size):
    """The same with `engine`: who lives appends the tail again."""
    yield from _of_failovers(programs, seed, size, "engine")


SCENES = {
    "file": of_a_file,
    "kills": of_kills,
    "spools": of_spools,
    "groups": of_groups,
    "closings": of_closings,
    "pauses": of_pauses,
    "cuts": of_cuts,
    "namespaces": of_namespaces,
    "replica": of_failovers_to_a_copy,
    "engine": of_failovers_with_loss,
}
LONG = Size(kills=20, failovers=20, scenes=tuple(SCENES))
# In `make test`, within 25 seconds.
SHORT = Size(kills=2, failovers=1, scenes=("kills", "closings"), is_short=True)
