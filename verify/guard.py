"""The child process with limits in which every parser of foreign bytes runs.

A job is a function named "module:function" with arguments that JSON can write; it returns JSON values in which numpy
arrays may stand. Nothing is pickled: a child taken over by a hostile file can answer nonsense, not run code here.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any, Self

from verify.errors import Crashed, EvidenceError, GuardError, Refused, TimedOut, Unavailable, Unreadable

_ERRORS = {kind.__name__: kind for kind in (Unreadable, Unavailable, Refused, EvidenceError)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use."""

    seconds: float = 180.0  # wall clock: three times the CPU time, for a machine that others use as well
    cpu_seconds: int = 60  # the slowest honest job (features of 64 megapixels) takes about 15
    memory: int = 4 * 2**30  # bytes of address space: 64 megapixels in RGB and float32 luma, with room to work
    jobs: int = 500  # a child is replaced after so many, so that no leak of a decoder grows for ever


class Guard:
    """One reused child; started when first needed, replaced when it died. Not for two threads at once: see `map`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child:
            child.kill()
            child.communicate()

    def call(self, function: str, /, **arguments: Any) -> Any:
        """Run `function` ("module:name") in the child and return what it returned.

        Raises TimedOut or Crashed where the child did not answer, and the job's own EvidenceError otherwise; any other
        exception of the job arrives as GuardError with its type and text.
        """
        child = self._ready()
        expired = threading.Event()

        def end() -> None:
            expired.set()
            child.kill()

        timer = threading.Timer(self.limits.seconds, end)
        timer.daemon = True
        timer.start()
        try:
            _write(child.stdin, {"function": function, "arguments": arguments})
            reply = _read(child.stdout)
        except (OSError, EOFError, ValueError) as error:
            if expired.is_set():
                self.close()
                raise TimedOut(f"no answer within {self.limits.seconds:g} s; the file was left alone") from error
            raise self._post_mortem(child) from error
        finally:
            timer.cancel()
        self._done += 1
        if "error" in reply:
            kind = _ERRORS.get(reply["error"])
            raise kind(reply["text"]) if kind else GuardError(f"{reply['error']}: {reply['text']}")
        return reply["value"]

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child and (self._done >= self.limits.jobs or self._child.poll() is not None):
            self.close()
        if not self._child:
            self._done = 0
            self._child = subprocess.Popen(
                [sys.executable, "-c", "from verify.guard import _serve; _serve()", json.dumps(asdict(self.limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders talk; their text is foreign too
                env=_environment(),
            )
        return self._child

    def _post_mortem(self, child: subprocess.Popen[bytes]) -> GuardError:
        self._child = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=2)
        child.kill()
        child.communicate()
        if child.returncode == -24:  # SIGXCPU
            return TimedOut(f"over {self.limits.cpu_seconds} s of CPU time; the file was left alone")
        return Crashed(f"the guarded child ended with code {child.returncode}; the file was left alone")


def map(
    function: str, jobs: Iterable[Mapping[str, Any]], *, workers: int | None = None, limits: Limits | None = None
) -> Iterator[tuple[int, Any]]:
    """Run many jobs in `workers` children; yields (index, value or GuardError/EvidenceError) as they finish."""
    waiting: queue.Queue[tuple[int, Mapping[str, Any]] | None] = queue.Queue(maxsize=64)
    done: queue.Queue[tuple[int, Any] | BaseException | None] = queue.Queue(maxsize=64)
    stopped = threading.Event()
    count = workers or os.cpu_count() or 1

    def feed() -> None:
        try:
            for item in enumerate(jobs):
                if stopped.is_set():
                    break
                waiting.put(item)
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            done.put(error)
        finally:
            for _ in range(count):
                waiting.put(None)

    def work() -> None:
        with Guard(limits) as guard:
            while (item := waiting.get()) is not None:
                if stopped.is_set():
                    continue
                try:
                    done.put((item[0], guard.call(function, **item[1])))
                except EvidenceError as error:
                    done.put((item[0], error))
        done.put(None)

    threads = [threading.Thread(target=target, daemon=True) for target in [feed, *[work] * count]]
    for thread in threads:
        thread.start()
    left = count
    try:
        while left:
            result = done.get()
            if result is None:
                left -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
    finally:
        stopped.set()
        while any(thread.is_alive() for thread in threads):
            for channel in (done, waiting):
                with contextlib.suppress(queue.Empty):
                    item = channel.get(timeout=0.01)
                    if channel is waiting and item is None:
                        waiting.put(None)


def _environment() -> dict[str, str]:
    """The child's: one thread per library (the pool is the parallelism), and the import path of this process."""
    keep = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # glibc then keeps the megabytes that every picture needs, instead of having each one zeroed afresh by the kernel
    memory = {"MALLOC_MMAP_THRESHOLD_": str(64 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20)}
    return (
        keep
        | single
        | memory
        | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONHASHSEED": "0"}
    )


# --- frames: 8 bytes of lengths, JSON, then the bytes of the arrays ---------------------------------------------------


def _write(stream: IO[bytes] | None, value: Any) -> None:
    assert stream
    blobs: list[bytes] = []

    def pack(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: pack(part) for key, part in item.items()}
        if isinstance(item, (list, tuple)):
            return [pack(part) for part in item]
        if isinstance(item, (bytes, bytearray)):
            blobs.append(bytes(item))
            return {"__bytes__": len(blobs[-1])}
        if hasattr(item, "__array__") and hasattr(item, "dtype"):
            import numpy as np

            if np.ndim(item) == 0:
                return item.item()
            array = np.ascontiguousarray(item)
            blobs.append(array.tobytes())
            return {"__array__": array.dtype.str, "shape": list(array.shape), "size": len(blobs[-1])}
        return item

    head = json.dumps(pack(value)).encode("ascii")
    stream.write(struct.pack("<II", len(head), sum(len(blob) for blob in blobs)) + head + b"".join(blobs))
    stream.flush()


def _read(stream: IO[bytes] | None) -> Any:
    assert stream
    head_size, blob_size = struct.unpack("<II", _exactly(stream, 8))
    head = json.loads(_exactly(stream, head_size))
    blobs = memoryview(_exactly(stream, blob_size))
    at = 0

    def unpack(item: Any) -> Any:
        nonlocal at
        if isinstance(item, list):
            return [unpack(part) for part in item]
        if not isinstance(item, dict):
            return item
        if "__bytes__" in item:
            at += item["__bytes__"]
            return bytes(blobs[at - item["__bytes__"] : at])
        if "__array__" in item:
            import numpy as np

            dtype = np.dtype(item["__array__"])
            if dtype.hasobject:
                raise ValueError("an array of objects cannot cross the guard")
            at += item["size"]
            return np.frombuffer(blobs[at - item["size"] : at], dtype).reshape(item["shape"]).copy()
        return {key: unpack(part) for key, part in item.items()}

    return unpack(head)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


# --- in the child -----------------------------------------------------------------------------------------------------


def _serve() -> None:
    """The child's loop: read a job, run it under the limits, write what came of it."""
    limits = Limits(**json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb")
    jobs = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # a library that prints must not break the frames
    _limit_process(limits)
    while True:
        try:
            job = _read(jobs)
        except EOFError:
            return
        _allow_cpu(limits.cpu_seconds)
        _write(answers, _run(job))


def _run(job: Mapping[str, Any]) -> dict[str, Any]:
    module, _, name = job["function"].partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return {"value": function(**job["arguments"])}
    except EvidenceError as error:
        known = next(kind for kind in type(error).__mro__ if kind.__name__ in _ERRORS)
        return {"error": known.__name__, "text": str(error)}
    except MemoryError:
        return {"error": "Unreadable", "text": "needs more memory than the guard allows; expected a smaller picture"}
    except Exception as error:  # noqa: BLE001  the one broad except: whatever a parser throws becomes an answer
        return {"error": type(error).__name__, "text": " ".join(str(error).split())[:300]}


def _limit_process(limits: Limits) -> None:
    """Memory, no writing of files, no network, no new programs but the readers that a check names itself."""
    with contextlib.suppress(ImportError):  # Windows has no `resource`: there only the wall clock holds
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def no_network(event: str, _: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"}:
            raise PermissionError("the guarded child has no network")

    sys.addaudithook(no_network)


def _allow_cpu(seconds: int) -> None:
    with contextlib.suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
