# SPDX-License-Identifier: BSD-3-Clause
"""weft against the NAT of Linux (nftables): the same words of the same hosts, in the same order.

Who hears a word, from which address and at which address, must be the same; which port stands for another is for
each to say. A script is made of a seed: hosts inside and outside ask each other by all addresses that there are, and
whoever has heard a word may answer it, to where it came from. Mapping and filtering of weft are those of Linux here.
"""
import random
import select
import socket
import time

import pytest

from lab.process import SCALE, has_program
from lab.wire import Tap
from natted import (BEYOND, FIP, FIP2, GATE, INSIDE, OWN, WEB, Linux, address_of, asks_udp, exchanges, forward, starts)

proves = pytest.mark.proves

FLOATING = {FIP: "a"}
FORWARDING = [forward(8080, "b", 80, "udp"), forward(8081, "c", 80, "udp"), forward(8080, "a", 80, "udp", OWN),
              forward(8080, "b", 80), forward(8081, "c", 80), forward(8080, "a", 80, address=OWN)]
LIKE_LINUX = {"mapping": "address-and-port-dependent", "filtering": "address-and-port-dependent"}
OUTSIDE = {"web": WEB, "beyond": BEYOND}
COUNT = 120


class Rival:
    """Hosts that say words by UDP, and an ear at each."""

    def __init__(self, hosts):
        self.hosts = {name: hosts[name] for name in (*INSIDE, *OUTSIDE)}
        self.devices = {name: "cable" if name == "beyond" else host.device for name, host in self.hosts.items()}
        self.taps = {name: Tap(host, self.devices[name]) for name, host in self.hosts.items()}
        self.mouths, self.heard = {}, {}

    def mouth(self, name, port):
        if (name, port) not in self.mouths:
            handle = self.hosts[name].socket(socket.AF_INET, socket.SOCK_DGRAM)
            handle.bind(("0.0.0.0", port))
            self.mouths[name, port] = handle
        return self.mouths[name, port]

    def plays(self, script):
        """For each word: {who has heard it: (source address, destination address, destination port)}."""
        for number, (who, port, target, address, dport) in enumerate(script):
            if target is not None:
                answered = self.answers(target)
                if answered is None:
                    continue
                who, port, address, dport = answered
            self.mouth(who, port).sendto(b"word %05d " % number, (address, dport))
            self.listens(number)
        return [{who: (src, dst, dport if dport < 1024 or dport >= 8080 else None)
                 for who, (src, _, dst, dport) in self.heard.get(number, {}).items()}
                for number in range(len(script))]

    def answers(self, number):
        """Who has heard that word says something to where it came from."""
        for who, (src, sport, _, dport) in self.heard.get(number, {}).items():
            return who, dport, src, sport
        return None

    def listens(self, number):
        """Until somebody whom it is for has heard it, or nobody does."""
        deadline = time.monotonic() + 0.25 * SCALE
        while number not in self.heard and time.monotonic() < deadline:
            ready, _, _ = select.select([tap.socket for tap in self.taps.values()], [], [], 0.05)
            for name, tap in self.taps.items():
                if tap.socket in ready:
                    self.takes(name, tap.hears(0.01))

    def takes(self, name, frame):
        at = (frame or b"").find(b"word ")
        if at != 42 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
            return
        dst = socket.inet_ntoa(frame[30:34])
        own = OUTSIDE.get(name) or address_of(name)
        if dst == own:  # not what it only hands on
            word = socket.inet_ntoa(frame[26:30]), int.from_bytes(frame[34:36], "big"), dst, \
                int.from_bytes(frame[36:38], "big")
            self.heard.setdefault(int(frame[at + 5:at + 10]), {})[name] = word

    def ends(self):
        for handle in (*self.mouths.values(), *(tap.socket for tap in self.taps.values())):
            handle.close()


def script(seed):
    """(who, its port, None, address, port), or (None, None, the word that is answered, None, None)."""
    dice, words = random.Random(seed), []
    served = {(FIP, 80): "a", (GATE, 8080): "b", (GATE, 8081): "c", (OWN, 8080): "a"}
    outer = [*served, (GATE, 9999), (OWN, 9999)]
    for number in range(COUNT):
        if number > 5 and dice.random() < 0.45:
            words.append((None, None, dice.randrange(max(0, number - 8), number), None, None))
        elif dice.random() < 0.6:
            who = dice.choice(list(INSIDE))
            places = [(WEB, 53), (BEYOND, 53), (BEYOND, 54)] * 2
            places += [place for place, host in served.items() if host != who] + [
                (address_of(name), 60) for name, network in INSIDE.items() if network != INSIDE[who]]
            words.append((who, dice.randrange(2000, 2004), None, *dice.choice(places)))
        else:
            words.append((dice.choice(list(OUTSIDE)), dice.randrange(3000, 3003), None, *dice.choice(outer)))
    return words


@pytest.fixture(scope="module", autouse=True)
def nftables():
    assert has_program("nft"), "nft is missing: apt-get install nftables"


@proves("S42", "S43", "S44")
@pytest.mark.parametrize("seed", (1, 2, 3))
def test_the_same_words_reach_the_same_hosts(lab, tmp_path, seed):
    words = script(seed)
    place = starts(lab, floating=FLOATING, forwarding=FORWARDING, nat=LIKE_LINUX)
    ours = Rival(place)
    outcomes = ours.plays(words)
    ours.ends()
    theirs = Rival(Linux(lab, tmp_path, FLOATING, FORWARDING))
    expected = theirs.plays(words)
    theirs.ends()
    assert sum(map(bool, expected)) > COUNT / 3, "the script says something"
    differences = [f"{number} {words[number]}\n    weft {our}\n    Linux {their}"
                   for number, (our, their) in enumerate(zip(outcomes, expected)) if our != their]
    assert not differences, "\n" + "\n".join(differences[:8])
    place.ends()


def conversations(hosts):
    """What servers see of who calls them, TCP and UDP, by every kind of address."""
    a, b, c, web, beyond = (hosts[name] for name in ("a", "b", "c", "web", "beyond"))
    return {
        "a out": exchanges(a, beyond, BEYOND, 5001), "b out": exchanges(b, web, WEB, 5001),
        "a by UDP": asks_udp(a, beyond, BEYOND, 5005)[0], "c by UDP": asks_udp(c, beyond, BEYOND, 5005)[0],
        "floating": exchanges(beyond, a, FIP, 5001), "floating, UDP": asks_udp(web, a, FIP, 5005)[0],
        "floating, inside": exchanges(b, a, FIP, 5002), "floating, a neighbour": exchanges(c, a, FIP, 5003),
        "forwarded": exchanges(web, b, GATE, 8080, listen=80), "forwarded, UDP": asks_udp(beyond, c, GATE, 8081, 80)[0],
        "forwarded, own": exchanges(beyond, a, OWN, 8080, listen=80),
        "forwarded, inside": exchanges(c, b, GATE, 8080, listen=80),
        "forwarded, a neighbour": asks_udp(c, a, OWN, 8080, 80)[0],
        "forwarded, to a neighbour by a": exchanges(a, c, GATE, 8081, listen=80),
        "routed": exchanges(a, b, address_of("b"), 5001),
    }


@proves("S42", "S44")
def test_servers_see_the_same_addresses(lab, tmp_path):
    place = starts(lab, floating=FLOATING, forwarding=FORWARDING, nat=LIKE_LINUX)
    ours = conversations(place)
    assert ours == conversations(Linux(lab, tmp_path, FLOATING, FORWARDING))
    assert FIP2 not in ours.values() and set(ours.values()) >= {GATE, FIP, WEB, BEYOND}
    place.ends()
