"""A plugin for pytest (`-p tests.unit.resolving`): its import lets the process resolve the fake AWS's host name."""

import socket

from tests.unit.fake_aws import resolve_here

socket.getaddrinfo = resolve_here()
