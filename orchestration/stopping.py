"""A command that is told to stop ends at once, with one line.

Nothing is unwound: a run that ends at any moment leaves nothing half done (docs/reliability.md), and waiting for the
threads of DuckDB and dbt can take minutes.
"""

import os
import signal
import socket
import threading

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_at_once() -> None:
    """Let SIGINT (Ctrl-C) and SIGTERM end this process with one line and the exit code 128 + the signal's number.

    A thread waits for them, since the main one may be in a long query, and Dagster sets handlers of its own.
    """
    told, waiting = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    # The semaphores of what was imported are cleared up by a process of Python's own, which would tell of each.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    threading.Thread(target=_wait, args=(told, waiting), name="stopping", daemon=True).start()


def _wait(told: socket.socket, waiting: socket.socket) -> None:
    while (number := waiting.recv(1)[0]) not in STOP_SIGNALS:
        pass
    line = f"Stopped by {signal.Signals(number).name}: what is published is whole; the next run goes on from here.\n"
    # Not by print: standard error may be a log, or locked by the main thread.
    os.write(2, line.encode())
    os._exit(128 + number)
