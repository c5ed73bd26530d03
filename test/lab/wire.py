# SPDX-License-Identifier: BSD-3-Clause
"""The far end of a wire, or a guest that says what it likes: frames as they are.

The kernel takes the VLAN tag off each received frame and hands it over beside it; `Tap` puts it
back, so a frame here is a frame as it was on the wire.
"""
import socket
import struct
import threading
import time

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Dot1Q, Ether

from .process import SCALE

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4


class Tap:
    """Sends and hears whole frames on one device of a namespace."""

    def __init__(self, host, device=None):
        self.socket = host.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((device or host.device, ETH_P_ALL))

    def sends(self, *frames):
        for frame in frames:
            self.socket.send(bytes(frame))

    def hears(self, patience=1.0):
        """The next frame as bytes, or None."""
        self.socket.settimeout(patience)
        try:
            frame, extras, _, _ = self.socket.recvmsg(65536, 256)
        except (TimeoutError, BlockingIOError):
            return None
        for level, kind, data in extras:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, *_, tci, tpid = struct.unpack("=IIIHHHH", data)
                if status & TP_STATUS_VLAN_VALID:
                    frame = frame[:12] + struct.pack("!HH", tpid or 0x8100, tci) + frame[12:]
        return frame

    def hears_all(self, seconds=0.3):
        """Every frame of a time, parsed."""
        deadline, frames = time.monotonic() + seconds * SCALE, []
        while (left := deadline - time.monotonic()) > 0:
            frame = self.hears(left)
            if frame:
                frames.append(Ether(frame))
        return frames

    def waits_for(self, predicate, patience=2.0):
        """The first parsed frame that fits, or None."""
        deadline = time.monotonic() + patience * SCALE
        while (left := deadline - time.monotonic()) > 0:
            frame = self.hears(left)
            if frame and predicate(parsed := Ether(frame)):
                return parsed
        return None

    def closes(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closes()


class TaggedHost:
    """A neighbour beyond a wire that answers ARP and ping inside a VLAN (None: untagged).

    It stands for a foreign machine on a trunk, and keeps every frame that it saw.
    """

    def __init__(self, tap, vlan, mac, address):
        self.tap, self.vlan, self.mac, self.address = tap, vlan, mac, address
        self.frames, self.is_over = [], False
        self.thread = threading.Thread(target=self._live)

    def header(self, peer):
        ether = Ether(src=self.mac, dst=peer)
        return ether if self.vlan is None else ether / Dot1Q(vlan=self.vlan)

    def _live(self):
        while not self.is_over:
            frame = self.tap.hears(0.05)
            if not frame:
                continue
            frame = Ether(frame)
            self.frames.append(frame)
            tag = frame[Dot1Q].vlan if Dot1Q in frame else None
            if tag == self.vlan:
                self._answer(frame)

    def _answer(self, frame):
        if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == self.address:
            self.tap.sends(self.header(frame.src) / ARP(
                op=2, hwsrc=self.mac, psrc=self.address, hwdst=frame.src, pdst=frame[ARP].psrc))
        elif frame.dst == self.mac and ICMP in frame and frame[ICMP].type == 8:
            self.tap.sends(self.header(frame.src) / IP(src=self.address, dst=frame[IP].src)
                           / ICMP(type=0, id=frame[ICMP].id, seq=frame[ICMP].seq)
                           / frame[ICMP].payload)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
