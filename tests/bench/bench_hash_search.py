"""Exact hash search and self-join, CPU time beside the goals: bench_hash_search.py [--rows N…] [--join ROWS].

Random 256-bit hashes, of which the last tenth are copies of earlier ones with 0 to 40 flipped bits: PDQ of unrelated
photographs lies as far apart as random bits do. Every way is checked against a plain comparison with all rows.
"""

import argparse
import resource
import time

import numpy as np

from verify.archive import search

GOALS = {(1_000_000, "scan"): 5, (10_000_000, "scan"): 40, (10_000_000, "slots"): 4}
FAISS_GOALS = {1_000_000: 1.5, 10_000_000: 17}


def planted(count, seed=0):
    """Columns [4 x count]; the last tenth near copies of rows that lie half of `count` before them."""
    rng = np.random.default_rng(seed)
    columns = np.stack([rng.integers(0, 2**64, count, dtype=np.uint64) for _ in range(4)])
    for row in range(count - count // 10, count, 10_000):
        part = np.arange(row, min(row + 10_000, count))
        flips = rng.random((len(part), 256)).argsort(axis=1) < rng.integers(0, 41, len(part))[:, None]
        columns[:, part] = columns[:, part - count // 2] ^ np.packbits(flips, axis=1).view(np.uint64).T
    return columns


def spent(job, items):
    """CPU milliseconds an item, the middle of three rounds, and the results of the last."""
    rounds = []
    for _ in range(3):
        begun = time.process_time()
        found = [job(item) for item in items]
        rounds.append((time.process_time() - begun) / len(items) * 1000)
    return float(np.median(rounds)), found


def plain(columns, one, radius):
    bits = np.zeros(columns.shape[1], np.uint16)
    for column, word in zip(
        columns, one, strict=True
    ):  # one at a time: the memory told is the search's, not this one's
        bits += np.bitwise_count(column ^ word)
    return np.flatnonzero(bits <= radius)


def told(count, way, radius, ms, goal, same):
    aim = f"goal {goal} ms" if goal else "no goal"
    print(f"{count:>10} {way:20} radius {radius:2}: {ms:6.2f} ms of CPU a hash ({aim}); {same}", flush=True)


def one_size(count, queries):
    columns = planted(count)
    asked = [columns[:, row].copy() for row in range(0, count, count // queries)][:queries]
    asked += [columns[:, -1 - row].copy() for row in range(queries)]  # near copies
    for radius in (31, 48, 64):
        exact = [plain(columns, one, radius) for one in asked]
        ways = {"scan": lambda one, radius=radius: search.scan(columns, one, radius)[0]}
        if radius == 31:
            begun = time.process_time()
            slots = search.Slots(columns)
            print(f"slots: {slots.slots} of {slots.width} bits, built in {time.process_time() - begun:.1f} s of CPU")
            ways["slots"] = lambda one, slots=slots: slots.search(one, 31)[0]
        for way, job in ways.items():
            ms, found = spent(job, asked)
            right = sum(np.array_equal(np.sort(rows), want) for rows, want in zip(found, exact, strict=True))
            told(count, way, radius, ms, GOALS.get((count, way)), f"{right} of {len(asked)} as the plain comparison")
        in_batches(count, search.Scanner(columns, faiss=False), "scan", radius, GOALS.get((count, "scan")))
        if radius == 31:
            del slots, ways
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB at most (goal 1.3 GB = 1.21)")
    with_faiss(columns, asked, exact)


def with_faiss(columns, asked, exact):
    try:
        import faiss
    except ImportError:
        print("faiss is not installed here")
        return
    faiss.omp_set_num_threads(1)
    scanner, count = search.Scanner(columns), columns.shape[1]
    ms, found = spent(lambda one: scanner.search(one[None], 64)[1], asked)
    right = sum(np.array_equal(np.sort(rows), want) for rows, want in zip(found, exact, strict=True))
    told(count, f"faiss {faiss.__version__}", 64, ms, FAISS_GOALS.get(count), f"{right} of {len(asked)} as the plain")
    in_batches(count, scanner, "faiss", 64, FAISS_GOALS.get(count))


def in_batches(count, scanner, way, radius, goal):
    """As a query asks: a picture in 8 orientations, alone and with the windows of a screenshot."""
    rng = np.random.default_rng(2)
    for size in (8, 128):
        rows = rng.integers(0, count, size)
        batch = np.ascontiguousarray(scanner.columns[:, rows].T)
        ms, ((number, found, bits),) = spent(lambda batch: scanner.search(batch, radius), [batch])
        own = len(set(zip(number[bits == 0].tolist(), found[bits == 0].tolist(), strict=True)) & set(enumerate(rows)))
        told(count, f"{way}, {size} at once", radius, ms / size, goal, f"{own} of {size} find their own row")


def join(count):
    columns = np.ascontiguousarray(planted(count))
    begun = time.process_time()
    pairs = search.self_join(columns, 31)
    seconds = time.process_time() - begun
    known = count // 10 // 41 * 32  # about so many copies were given 31 flips or fewer
    print(f"self-join of {count}, radius 31: {len(pairs)} pairs (about {known} planted), {seconds:.1f} s (goal 45)")
    sample = np.random.default_rng(1).choice(np.arange(count - count // 10, count), 200, replace=False)
    mine = {(int(a), int(b)) for a, b in pairs if b in set(sample.tolist())}
    wanted = {(int(a), int(row)) for row in sample for a in plain(columns, columns[:, row], 31) if a < row}
    print(f"of 200 rows compared plainly with all: {len(wanted)} pairs, {len(wanted ^ mine)} differences", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--join", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=10)
    options = parser.parse_args()
    for count in options.rows:
        one_size(count, options.queries)
    if options.join:
        join(options.join)


if __name__ == "__main__":
    main()
