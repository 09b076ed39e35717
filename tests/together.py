"""Several things done at the same moment, each on a connection of its own."""

import threading

from django.db import connections


def together(*calls):
    """Run the calls at the same moment; return their results or errors."""
    barrier, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, call):
        try:
            barrier.wait(10)
            outcomes[number] = call()
        except Exception as error:  # noqa: BLE001  the outcome is what is looked at
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return outcomes
