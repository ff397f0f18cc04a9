"""Exact hash search and self-join, CPU time a query: bench_hash_search.py [--rows 1000000] [--join ROWS]."""

import argparse
import resource
import time

import numpy as np

from verify.archive import search


def planted(count, seed=0):
    """Random hashes as columns; the last tenth are copies of earlier ones with 0 to 40 flipped bits."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for row in range(count - count // 10, count):
        flips = np.zeros(256, np.uint8)
        flips[rng.choice(256, rng.integers(0, 41), replace=False)] = 1
        rows[row] = rows[row - count // 2] ^ np.packbits(flips).view(np.uint64)
    return np.ascontiguousarray(rows.T)


def spent(job, items):
    begun = time.process_time()
    total = sum(len(job(item)[0]) for item in items)
    return (time.process_time() - begun) / len(items) * 1000, total


def faiss_index(columns):
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(256)
    index.add(np.ascontiguousarray(columns.T).view(np.uint8))
    return index


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--join", type=int, default=0)
    parser.add_argument("--queries", type=int, default=20)
    options = parser.parse_args()
    columns = planted(options.rows)
    step = options.rows // options.queries
    queries = [columns[:, row].copy() for row in range(0, options.rows, step)]
    for radius in (31, 48, 64):
        ms, total = spent(lambda one, radius=radius: search.scan(columns, one, radius), queries)
        print(f"scan, radius {radius}: {ms:.2f} ms of CPU a hash, {total} found")
    begun = time.process_time()
    slots = search.Slots(columns)
    print(f"slots: {slots.slots} of {slots.width} bits, built in {time.process_time() - begun:.1f} s")
    ms, total = spent(lambda one: slots.search(one, 31), queries)
    print(f"slots, radius 31: {ms:.2f} ms of CPU a hash, {total} found")
    index = faiss_index(columns)
    if index:
        rows = np.ascontiguousarray(np.stack(queries)).view(np.uint8)
        for radius in (31, 64):
            begun = time.process_time()
            limits = index.range_search(rows, radius + 1)[0]
            ms = (time.process_time() - begun) / len(rows) * 1000
            print(f"faiss BinaryFlat, radius {radius}: {ms:.2f} ms of CPU a hash, {limits[-1]} found")
    if options.join:
        part = np.ascontiguousarray(columns[:, -options.join :])
        begun = time.process_time()
        print(
            f"self-join of {options.join}: {len(search.self_join(part, 31))} pairs, {time.process_time() - begun:.1f} s"
        )
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB at most")


if __name__ == "__main__":
    main()
