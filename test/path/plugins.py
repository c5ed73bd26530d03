# SPDX-License-Identifier: BSD-3-Clause
"""DPDK looks at all of its drivers, a hundred and more, each time a switch starts: a third of that time.

Here the folder of drivers holds only those that packet files need, as long as this process and its children look
at it: in a mount namespace of their own. Where that is not allowed, all of them are loaded, which is only slower.
"""
import ctypes
import os
from pathlib import Path

DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_memif", "net_null", "net_pcap", "net_ring", "net_tap")
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18


def leave_only_a_few():
    libc = ctypes.CDLL(None, use_errno=True)
    folders = sorted(Path("/usr/lib").glob("*/dpdk/pmds-*"))
    if not folders or libc.unshare(CLONE_NEWNS) != 0:
        return
    kept = [(file, os.readlink(file) if file.is_symlink() else None, file.read_bytes())
            for name in DRIVERS for file in folders[-1].glob(f"librte_{name}.so*")]
    libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    # It goes with the namespace. DPDK takes nothing from where anybody may write.
    if libc.mount(b"none", str(folders[-1]).encode(), b"tmpfs", 0, b"mode=755") != 0:
        return
    for file, target, content in kept:
        if target:
            os.symlink(target, file)
        else:
            file.write_bytes(content)
