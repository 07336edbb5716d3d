# Who forwards between two veths: our LNS, dpdk-testpmd in MAC mode on the same kind of veths, and
# Debian's l2tpns. Each stands between a LAC's and a host's namespace of its own for the whole mode;
# pollers stand still while another one is measured.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The contestants over veth."""

import dataclasses
import os
import signal
from pathlib import Path

from lab import Lab, config, l2tpns, wait_until
from lab.capture import Capture
from lab.network import Namespace, connect
from lab.process import Process

from . import programs, wire
from .measurement import Unavailable

SESSIONS = 32
PAYLOAD = 28  # bytes of UDP payload: the least lacsim numbers, 56 B IPv4
# A little traffic, to learn the frames of every session.
PROBE_PPS, PROBE_SECONDS = 200, 1
LEARN_TIMEOUT_S = 30
DESCRIPTORS = 1024  # of each ring, as lns-dataplane asks for


@dataclasses.dataclass
class End:
    """One end of the wire: where traffic enters, and where it comes out."""
    namespace: Namespace
    interface: str

    def received(self):
        path = f'/sys/class/net/{self.interface}/statistics/rx_packets'
        return int(self.namespace.run(['cat', path]).stdout)

    def discard(self, tree):
        """What comes out here goes no further."""
        self.namespace.run(['tc', 'qdisc', 'add', 'dev', self.interface, 'clsact'])
        self.namespace.run(['tc', 'filter', 'add', 'dev', self.interface, 'ingress', 'bpf',
                            'direct-action', 'object-file', tree / 'tests/bench/discard.bpf.o',
                            'section', 'tc'])


class Contestant:
    """lac and host: its ends. frames: captures to send, by direction."""
    lac: End
    host: End
    frames: dict

    def resume(self):
        pass

    def pause(self):
        pass

    def ends(self, direction):
        """(where to send, where to count)."""
        return (self.lac, self.host) if direction == 'uplink' else (self.host, self.lac)

    def learn(self, start_lacsim, directory, name, seed, addresses):
        """Records a frame of every session in both directions while lacsim makes traffic."""
        captures = {
            'uplink': Capture(self.lac.namespace, self.lac.interface,
                              directory / f'{name}-up.pcap', 'outbound and udp port 1701'),
            'downlink': Capture(self.host.namespace, self.host.interface,
                                directory / f'{name}-down.pcap',
                                f'outbound and udp and dst net {addresses}'),
        }
        session_of = {'uplink': wire.uplink_session, 'downlink': wire.downlink_session}
        lacsim = start_lacsim()

        def known():
            if not lacsim.running():
                raise Unavailable(f'{name}: lacsim ended: {lacsim.output()[-1000:]}')
            found = {direction: wire.one_of_each(wire.read(capture.path), session_of[direction])
                     for direction, capture in captures.items()}
            return found if all(len(frames) == SESSIONS for frames in found.values()) else None

        try:
            found = wait_until(known, f'frames of {SESSIONS} sessions of {name}',
                               LEARN_TIMEOUT_S)
        finally:
            for capture in captures.values():
                capture.stop()
        self.frames = {}
        for direction, frames in found.items():
            self.frames[direction] = directory / f'{name}-{direction}.pcap'
            wire.write(self.frames[direction], wire.shuffle(list(frames.values()), seed))


def lacsim_words():
    """Options of lacsim in the background: it sends a little, then nothing, and stays."""
    return ['--sessions', SESSIONS, '--payload', PAYLOAD, '--hello', 0, '--echo', 0, '--hold', -1,
            '--allow-loss']


class Terminus(Contestant):
    name = 'Terminus'

    def __init__(self, setting):
        self._lab = setting.stack.enter_context(Lab(setting.tree, hugepages_mb=512))
        self._lab.start_lns()
        self.lac = End(self._lab.lac, 'lac0')
        self.host = End(self._lab.host, 'host0')
        self.learn(lambda: self._lab.start_lacsim(*lacsim_words(), pps=PROBE_PPS,
                                                  seconds=PROBE_SECONDS),
                   setting.directory, 'terminus', setting.seed, config.POOLS)
        setting.stack.callback(self.resume)  # a stopped process would not hear its end
        self._finish(setting)

    def _finish(self, setting):
        for end in (self.lac, self.host):
            end.discard(setting.tree)
        self.pause()

    def _signal(self, number):
        # The control plane would miss a data plane that does not answer.
        for process in (self._lab.controlplane, self._lab.dataplane):
            process.signal(number)

    def resume(self):
        self._signal(signal.SIGCONT)

    def pause(self):
        self._signal(signal.SIGSTOP)


class Testpmd(Contestant):
    """Forwards the frames that `model` was sent; whatever they are, it changes MAC addresses."""
    name = 'testpmd mac'

    def __init__(self, setting, model):
        prefix = f'pmd{os.getpid()}'
        lac, middle, host = (self._namespace(setting, f'{prefix}-{role}')
                             for role in ('lac', 'lns', 'host'))
        connect(middle, 'acc0', lac, 'lac0')
        connect(middle, 'core0', host, 'host0')
        self.lac, self.host, self.frames = End(lac, 'lac0'), End(host, 'host0'), model.frames
        for end in (self.lac, self.host):
            end.discard(setting.tree)
        vdevs = [f'net_af_xdp{index},iface={interface},start_queue=0,queue_count=1'
                 for index, interface in enumerate(('acc0', 'core0'))]
        self._testpmd = setting.stack.enter_context(programs.Testpmd(
            f'0@{setting.other_cpu},1@{setting.cpu}', vdevs, 'mac', 4 * 8192, netns=middle.name,
            options=[f'--rxd={DESCRIPTORS}', f'--txd={DESCRIPTORS}']))

    @staticmethod
    def _namespace(setting, name):
        namespace = Namespace(name)
        setting.stack.callback(namespace.remove)
        return namespace

    def resume(self):
        self._testpmd.start()

    def pause(self):
        self._testpmd.stop()


class L2tpns(Contestant):
    name = 'l2tpns'

    def __init__(self, setting):
        reason = l2tpns.missing()
        if reason:
            raise Unavailable(reason)
        directory = setting.directory / 'l2tpns'
        directory.mkdir()
        self._lab = l2tpns.L2tpnsLab(setting.tree / 'tools/lacsim/lacsim', directory,
                                     setting.stack, sessions=SESSIONS, debug=0)
        self._lab.start_radius(cores={setting.other_cpu})
        self._l2tpns = self._lab.start_l2tpns('chap', cores={setting.cpu})
        self.lac, self.host = End(self._lab.lac, 'access'), End(self._lab.host, 'core')
        self.learn(lambda: self._start_lacsim(setting), directory, 'l2tpns', setting.seed,
                   self._lab.pool)
        for end in (self.lac, self.host):
            end.discard(setting.tree)

        setting.stack.callback(self.resume)
        self.pause()

    def resume(self):
        self._l2tpns.signal(signal.SIGCONT)

    def pause(self):
        # It asks for real time on its core, which the others are to have.
        self._l2tpns.signal(signal.SIGSTOP)

    def _start_lacsim(self, setting):
        command = self._lab.lacsim_command(
            *lacsim_words(), '--traffic-pps', PROBE_PPS, '--traffic-seconds', PROBE_SECONDS,
            sessions=SESSIONS, report=Path('/dev/null'))
        process = Process('lacsim', command, self._lab.directory / 'lacsim.log',
                          cores={setting.other_cpu})
        setting.stack.callback(process.kill)
        return process
