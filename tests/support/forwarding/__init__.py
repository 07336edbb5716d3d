# The data plane's Forwarding API for tests that need no control plane. The message classes are made
# by protoc when a test starts, from the .proto files the product is built from; nothing generated is
# kept.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Programs lns-dataplane over gRPC."""

import contextlib
import ipaddress
import subprocess
import sys
from pathlib import Path

import grpc

PROTO = Path(__file__).resolve().parents[3] / 'proto'
DEADLINE_S = 10


def octets(address):
    return ipaddress.ip_address(address).packed


class Forwarding:
    """One Apply stream per call; refusals are exceptions."""

    def __init__(self, run_dir, scratch):
        files = ['lns/types/v1/types.proto', 'lns/dataplane/v1/policy.proto',
                 'lns/dataplane/v1/forwarding.proto']
        subprocess.run(['protoc', f'--proto_path={PROTO}', f'--python_out={scratch}', *files],
                       check=True)
        sys.path.insert(0, str(scratch))
        try:
            from lns.dataplane.v1 import forwarding_pb2
        finally:
            sys.path.remove(str(scratch))
        self.messages = forwarding_pb2
        self._channel = grpc.insecure_channel(f'unix:{run_dir}/dataplane.sock')
        self._apply = self._channel.stream_stream(
            '/lns.dataplane.v1.Forwarding/Apply',
            request_serializer=forwarding_pb2.ApplyRequest.SerializeToString,
            response_deserializer=forwarding_pb2.ApplyReply.FromString)

    def close(self):
        self._channel.close()

    def apply(self, *updates):
        """Every update takes effect, or the first refusal is raised."""
        request = self.messages.ApplyRequest(batch_id=1, updates=updates)
        replies = list(self._apply(iter([request]), timeout=DEADLINE_S))
        assert [reply.batch_id for reply in replies] == [1]
        for error in replies[0].errors:
            raise ValueError(f'update {error.index}: {error.message}')
        assert replies[0].applied == len(updates)

    def local_address(self, address):
        update = self.messages.Update()
        update.local_address.address.octets = octets(address)
        return update

    def subscriber_prefix(self, prefix):
        network = ipaddress.ip_network(prefix)
        update = self.messages.Update()
        update.subscriber_prefix.prefix.address.octets = network.network_address.packed
        update.subscriber_prefix.prefix.length = network.prefixlen
        return update

    def tunnel(self, local_id, peer_id, local_address, peer):
        update = self.messages.Update()
        update.tunnel.local_tunnel_id = local_id
        update.tunnel.peer_tunnel_id = peer_id
        endpoints = update.tunnel.endpoints
        endpoints.local_address.octets = octets(local_address)
        endpoints.local_port = 1701
        endpoints.peer_address.octets = octets(peer[0])
        endpoints.peer_port = peer[1]
        return update

    def session(self, key, peer_id, address):
        update = self.messages.Update()
        session = update.session
        session.key.local_tunnel_id, session.key.local_session_id = key
        session.peer_session_id = peer_id
        session.ipv4_open = True
        prefix = session.prefixes.add()
        prefix.address.octets, prefix.length = octets(address), 32
        return update

    def remove_session(self, key):
        update = self.messages.Update()
        update.remove_session.local_tunnel_id, update.remove_session.local_session_id = key
        return update


@contextlib.contextmanager
def connected(run_dir, scratch):
    client = Forwarding(run_dir, scratch)
    try:
        yield client
    finally:
        client.close()
