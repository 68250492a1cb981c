"""`dxcontract serve`: runs the reference emulator until it is stopped."""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import sys
import threading
import time
from typing import Final

import uvicorn

from dxcontract.reference.core import accounts, memory
from dxcontract.reference.core.accounts import Accounts
from dxcontract.reference.core.clock import Clock, Pace
from dxcontract.reference.core.context import Reading, World
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.core.store import Store
from dxcontract.reference.faults.catalogue import catalogue, check
from dxcontract.reference.http.server import application

DESCRIPTION: Final = "Run an emulator of AWS Direct Connect that behaves as documented."
_END_SECONDS: Final = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `dxcontract serve` to a parser."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s); non-loopback addresses need --public",
    )
    parser.add_argument(
        "--public",
        action="store_true",
        help="allow an address that other hosts can reach; anyone can then use the emulator",
    )
    parser.add_argument("--port", type=int, default=0, help="port (default: 0, any free port); the URL is printed")
    parser.add_argument(
        "--accounts",
        action="append",
        default=[],
        metavar="KEY:SECRET=ACCOUNT",
        help="access key of an account (repeatable)",
    )
    parser.add_argument("--secret", default=accounts.DEFAULT_SECRET, help="secret of access keys that are account ids")
    parser.add_argument(
        "--partners",
        default=",".join(accounts.DEFAULT_PARTNERS),
        help="comma-separated accounts of Direct Connect partners",
    )
    parser.add_argument("--advance", default="instant", help="how states advance: instant, manual, or seconds per step")
    parser.add_argument(
        "--states",
        default="recorded",
        metavar="SOURCE",
        help="source of states if recordings and documentation disagree: recorded (default) or documented",
    )
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="delay of each answer in milliseconds")
    parser.add_argument(
        "--log", default="warning", choices=("debug", "info", "warning", "error"), help="log level, for standard error"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="ID",
        help="rule to break (repeatable); 'list' prints all",
    )
    parser.add_argument(
        "--end-with-input",
        action="store_true",
        help="exit when standard input closes, for example when the parent is killed",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; the exit code. The first line on standard output is the URL, once it answers."""
    if "list" in args.fault:
        sys.stdout.writelines(f"{one}  {text}\n" for one, text in catalogue().items())
        return 0
    try:
        check(args.fault)
        clock = Clock(Pace.parse(args.advance))
        partners = [one for one in args.partners.split(",") if one]
        known = Accounts(args.accounts, partners, args.secret)
        world = World(known, clock, Rules(args.fault), Store(clock), Reading.parse(args.states))
    except ValueError as error:
        sys.stderr.write(f"dxcontract serve: {error}\n")
        return 2
    logging.basicConfig(level=args.log.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    if not args.public and not _is_loopback(args.host):
        sys.stderr.write(
            f"dxcontract serve: --host={args.host} can be reached by others, and anyone may use this emulator; "
            "say --public if that is meant\n"
        )
        return 2
    try:
        listener = _listen(args.host, args.port)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"dxcontract serve: cannot listen on {args.host}:{args.port}: {error}\n")
        return 2
    memory.keep_large_blocks_apart()
    config = uvicorn.Config(
        application(world, args.latency / 1000),
        log_config=None,
        log_level=args.log,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt), listener:
        server = uvicorn.Server(config)
        if args.end_with_input:
            threading.Thread(target=_end_with_input, args=(server,), name="dxcontract-input", daemon=True).start()
        asyncio.run(_serve(server, listener))
    return 0


def _end_with_input(server: uvicorn.Server) -> None:
    """End the server when standard input closes; the process, if the server does not end in time."""
    while sys.stdin.buffer.read(1):
        pass
    server.should_exit = True
    time.sleep(_END_SECONDS)
    os._exit(1)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers without delay only on sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it lets two servers listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"http://{f'[{host}]' if ':' in host else host}:{port}\n")
    sys.stdout.flush()
    await serving
