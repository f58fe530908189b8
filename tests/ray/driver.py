"""A program with an embedded Ray and hosts, which ends in the way it is told; its output is compared by the tests.

python -m tests.ray.driver WAY FOLDER
"""

import os
import signal
import sys
import threading
from pathlib import Path

from actors.backends.ray.cluster.cluster import ClusterSettings, open_cluster
from actors.backends.ray.cluster.placement import Needs
from actors.backends.ray.hosts.host_process import HostPlan
from actors.backends.ray.hosts.host_processes import HostProcesses
from tests.ray.entries import write_at_once


def main(way: str, folder: Path) -> None:
    print("curtain up", flush=True)
    cluster = open_cluster(ClusterSettings(num_cpus=2, object_store_memory=1 if way == "broken" else None))
    hosts = HostProcesses(cluster.namespace)
    cluster.before_close(lambda: hosts.stop(budget=8))
    names = ["one", "two"]
    plans = [HostPlan(name, "tests.ray.entries:recording", str(folder / name)) for name in names]
    victim = HostPlan("victim", "tests.ray.entries:obedient")
    *_, killed = hosts.start([*plans, victim], Needs(), deadline=30)
    os.kill(killed.report.life.pid, signal.SIGKILL)  # so that Ray has something to say
    killed.end.result(timeout=30)
    (folder / "session").write_text(str(cluster.session_folder))
    write_at_once(folder / "pid", str(os.getpid()))
    if way == "raise":
        raise ValueError("the wrong play")
    if way == "wait":
        threading.Event().wait()
    if way == "close":
        cluster.close()
    print("curtain down", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "thread":
        run = threading.Thread(target=main, args=("return", Path(sys.argv[2])))
        run.start()
        run.join()
    else:
        main(sys.argv[1], Path(sys.argv[2]))
