# SPDX-License-Identifier: BSD-3-Clause
"""A laboratory on one machine: the real switch, hosts that are network namespaces or QEMU guests.

    lab.daemon       the switch as a process, and weftctl
    lab.namespace    a host on a TAP port; sockets inside it without a program of its own
    lab.wire         the far end of a wire: frames as they are, tags and all; a tagged host
    lab.underlay     what lies between tunnel endpoints: routers, LANs, the kernel's own VXLAN
    lab.ovs          an Open vSwitch of our own: userspace datapath, private folder
    lab.traffic      ping, TCP with a data check, a steady UDP stream that counts its losses
    lab.guest        a QEMU guest with a serial console
    lab.frontend     the front end of a vhost-user port by hand: any message, any descriptor
    lab.card         the same as a network card that leaves work to the switch, and takes such packets
    lab.ring         the virtqueues of both
    lab.opened       ports without security groups get one that lets everything through
    lab.fixtures     what conftest.py of test/system and test/guest have in common

Everything lives in network namespaces of its own, the switch too: nothing here can meet an
interface, an address or a route of the machine, and two runs can go on side by side. Everything
that was started ends with the test, whatever happened.
"""
