# SPDX-License-Identifier: BSD-3-Clause
"""Programs, patience, and how long each may take."""
import os
import subprocess
import time

# Prefix of a program that must not outlive us, however we end.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
SCALE = float(os.environ.get("WEFT_TIMEOUT_SCALE", "1"))


def run(*words, timeout=20, check=True, **more):
    """A program that ends by itself; by default it must succeed."""
    __tracebackhide__ = True
    answer = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, text=True,
                            capture_output=True, timeout=timeout * SCALE, errors="replace", **more)
    if check:
        assert answer.returncode == 0, \
            f"{' '.join(map(str, words))}: status {answer.returncode}\n" \
            f"{answer.stdout}{answer.stderr}"
    return answer


def wait_until(predicate, what, patience=10, explain=lambda: "", interval=0.02):
    """Waits for something to become true and gives it back."""
    __tracebackhide__ = True
    deadline = time.monotonic() + patience * SCALE
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {patience:g} s still not: {what}\n{explain()}")
        time.sleep(interval)
    return result


def end(process, patience=3):
    """Ends a process that we started, politely first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def has_program(name):
    return any(os.access(os.path.join(folder, name), os.X_OK)
               for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"])
