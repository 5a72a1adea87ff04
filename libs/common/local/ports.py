"""Ports of this machine's own address: which are free, and who holds one that is not."""

import socket

import psutil

from common.local.trouble import Trouble

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Taken together, so that they differ; another program may still be quicker, and then the start says so."""
    taken = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in taken]
    for listener in taken:
        listener.close()
    return ports


def require_free(port: int, *, remedy: str = "end it or choose another port") -> None:
    """Before a server starts: afterwards the other one's answers would pass for its own."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        raise Trouble(f"port {port} is taken ({_holder(port)}): {remedy}") from None


def _holder(port: int) -> str:
    try:
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
        pid = next(c.pid for c in listening if c.laddr and c.laddr.port == port)
        return f"pid {pid}, {psutil.Process(pid).name()}"
    except (psutil.Error, StopIteration):
        return "by a process of another user"
