"""The workloads for Python's aiomultiprocess: one job as JSON in, one result as JSON out.

The same rules as measure.js: warm up with growing pieces, cut what would take too long, then sample.
"""

import asyncio
import json
import math
import statistics
import sys
import time

import aiomultiprocess

WARM_UP_FOR = 0.2
SAMPLE_FOR = 0.3


async def add(a, b):
    return a + b


async def increment(n):
    return n + 1


async def wait(milliseconds):
    await asyncio.sleep(milliseconds / 1000)


async def echo(value):
    return value


async def count_bytes(data):
    return len(data)


async def make_bytes(size):
    return b"\x01" * size


def make_record(number):
    """As workloads/json-echo.js."""
    return {
        "id": number,
        "customer": {
            "name": f"Customer {number}",
            "email": f"customer-{number}@example.com",
            "active": number % 2 == 0,
            "address": {
                "street": f"{number} Long Street",
                "city": "Springfield",
                "zip": "01101",
                "location": {"lat": 42.1 + number / 1e6, "lon": -72.5},
            },
            "tags": ["retail", "newsletter", f"segment-{number % 10}"],
        },
        "items": [
            {
                "sku": f"SKU-{number}-{line}",
                "title": f"Article number {line} of order {number}",
                "quantity": line + 1,
                "price": 9.99 + line,
                "options": {"colour": "blue", "gift": line % 3 == 0, "note": None},
            }
            for line in range(12)
        ],
        "totals": {"net": 1234.56, "tax": 234.57, "gross": 1469.13, "currency": "EUR"},
        "created": "2025-01-01T12:00:00.000Z",
    }


async def time_rate(amount, awaitable):
    start = time.perf_counter()
    await awaitable
    return {"rate": amount / (time.perf_counter() - start)}


async def tiny_apply(pool, count, size):
    return await time_rate(count, asyncio.gather(*(pool.apply(add, (i, 1)) for i in range(count))))


async def tiny_map(pool, count, size):
    return await time_rate(count, pool.map(increment, range(count)))


async def tiny_starmap(pool, count, size):
    return await time_rate(count, pool.starmap(add, [(i, 1) for i in range(count)]))


async def round_trip(pool, count, size):
    latencies = []
    for i in range(count):
        start = time.perf_counter()
        await pool.apply(increment, (i,))
        latencies.append((time.perf_counter() - start) * 1e6)
    ordered = sorted(latencies)
    return {
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        "raw": [round(latency, 1) for latency in latencies],
    }


async def waits(pool, count, size):
    """As workloads/waits.js."""
    milliseconds, concurrency = 50, 16
    start = time.perf_counter()
    await asyncio.gather(*(pool.apply(wait, (milliseconds,)) for _ in range(count)))
    elapsed = (time.perf_counter() - start) * 1000
    return {"ideal": math.ceil(count / (pool.process_count * concurrency)) * milliseconds / elapsed}


async def json_echo(pool, count, size):
    records = [make_record(i) for i in range(count)]
    return await time_rate(count, asyncio.gather(*(pool.apply(echo, (record,)) for record in records)))


async def buffers_in(pool, count, size):
    buffers = [b"\x01" * size for _ in range(count)]
    return await time_rate(
        count * size / 2**20, asyncio.gather(*(pool.apply(count_bytes, (buffer,)) for buffer in buffers))
    )


async def one_by_one(pool, function, argument, count):
    for _ in range(count):
        await pool.apply(function, (argument,))


async def buffer_in(pool, count, size):
    return await time_rate(count * size / 2**20, one_by_one(pool, count_bytes, b"\x01" * size, count))


async def buffer_out(pool, count, size):
    return await time_rate(count * size / 2**20, one_by_one(pool, make_bytes, size, count))


SAMPLERS = {
    "tiny-apply": tiny_apply,
    "tiny-map": tiny_map,
    "tiny-starmap": tiny_starmap,
    "round-trip": round_trip,
    "round-trip-pinned": round_trip,
    "waits": waits,
    "json-echo": json_echo,
    "buffers-1mib": buffers_in,
    "buffer-64mib-in": buffer_in,
    "buffer-64mib-out": buffer_out,
}


async def measure(job):
    sample = SAMPLERS.get(job["workload"])
    if sample is None:
        return {"failure": "not compared: another language"}
    async with aiomultiprocess.Pool(processes=job["processes"]) as pool:
        begin = time.perf_counter()
        count = max(1, job["count"] // 50)
        while True:
            start = time.perf_counter()
            await sample(pool, count, job["size"])
            end = time.perf_counter()
            per_task = (end - start) / count
            if end - begin >= WARM_UP_FOR:
                break
            count = max(1, min(job["count"], count * 2, int(WARM_UP_FOR / per_task)))
        count = max(1, min(job["count"], int(job["longest"] / per_task)))
        samples = []
        begin = time.perf_counter()
        while not samples or (not job["workload"].startswith("round-trip") and time.perf_counter() - begin < SAMPLE_FOR):
            samples.append(await sample(pool, count, job["size"]))
        names = [name for name in samples[0] if name != "raw"]
        values = {name: statistics.median(one[name] for one in samples) for name in names}
        return {"count": count, "samples": samples, "values": values}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(json.loads(sys.argv[1])))))
