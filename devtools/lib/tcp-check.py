#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tcp-check.py listen ADDRESS PORT | tcp-check.py send ADDRESS PORT MEGABYTES

Each side prints the digest of what it received or sent; equal lines mean that TCP works.
"""
import hashlib
import os
import socket
import sys


def listen(address, port):
    with socket.create_server((address, port)) as server:
        server.settimeout(20)
        connection = server.accept()[0]
        connection.settimeout(20)
        digest = hashlib.sha256()
        while chunk := connection.recv(1 << 16):
            digest.update(chunk)
    return digest


def send(address, port, megabytes):
    data = os.urandom(int(megabytes) << 20)
    with socket.create_connection((address, port), 5) as connection:
        connection.sendall(data)
    return hashlib.sha256(data)


if __name__ == "__main__":
    verb, address, port, *more = sys.argv[1:]
    print({"listen": listen, "send": send}[verb](address, int(port), *more).hexdigest())
