"""The manager's workloads for Python's multiprocessing.Manager: one job as JSON in, one result as JSON out."""

import json
import multiprocessing
import sys
import threading
import time

WIDTHS = (1, 16, 64)
COUNT = 4_000


def queue_pairs(queue, index, count):
    for number in range(count):
        queue.put(number)
        queue.get()


def lock_cycles(locks, index, count):
    lock = locks[index]
    for _ in range(count):
        lock.acquire()
        lock.release()



def work(loop, shared, count, width, start, done):
    """What one process does: `width` loops, each a thread unless there is only one."""
    threads = [threading.Thread(target=loop, args=(shared, index, count // width)) for index in range(width)]
    start.wait()
    if width == 1:
        loop(shared, 0, count)
    else:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    done.wait()


def measure(loop, shared, processes, width):
    start, done = multiprocessing.Barrier(processes + 1), multiprocessing.Barrier(processes + 1)
    children = [
        multiprocessing.Process(target=work, args=(loop, shared, COUNT, width, start, done)) for _ in range(processes)
    ]
    for child in children:
        child.start()
    start.wait()
    begin = time.perf_counter()
    done.wait()
    rate = COUNT * processes / (time.perf_counter() - begin)
    for child in children:
        child.join()
    return rate


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    processes = job["processes"]
    loop = queue_pairs if job["workload"].startswith("manager-queue") else lock_cycles
    widths = [width for width in WIDTHS if width <= job["width"]]
    with multiprocessing.Manager() as manager:
        shared = manager.Queue() if loop is queue_pairs else [manager.Lock() for _ in range(max(widths))]
        measure(loop, shared, processes, 1)
        samples = [{"rate": measure(loop, shared, processes, width)} for width in widths]
        values = {"rate": max(sample["rate"] for sample in samples)}
    print(json.dumps({"count": COUNT * processes, "samples": samples, "values": values}))
