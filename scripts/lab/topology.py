# The whole lab:
#
#   <prefix>-lac            <prefix>-lns                      <prefix>-host
#   lac0 198.51.100.11..    acc0 198.51.100.1                 host0 203.0.113.10
#        |_____ veth _______|   lns-dataplane (AF_XDP on both)     |
#                               lns-controlplane                   |
#                               core0 203.0.113.1 _____ veth ______|
#
# and <prefix>-sub, where a subscriber's TUN device lives. Linux owns the addresses 198.51.100.1 and
# 203.0.113.1 and answers ARP and ping to them; the data plane takes L2TP and subscribers' packets.
# Leaving the lab stops every process it started, checks for leftovers and removes the namespaces.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Terminus between a LAC and a host."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from . import config
from .capture import Capture
from .commands import LabError, run, wait_until
from .hugepages import Hugepages
from .leaks import LeakCheck
from .network import Namespace, connect
from .process import Process

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 30
PROGRAMS = {
    'lns-dataplane': 'dataplane',
    'lns-controlplane': 'controlplane',
    'lnsctl': 'tools/lnsctl',
    'lacsim': 'tools/lacsim',
}


class Lab:
    _made = 0

    def __init__(self, tree=None, *, lacs=1, workers=1, hugepages_mb=0, mtu=1500, keep=False):
        """tree: the build tree whose programs run (default: $TERMINUS_TREE, else `build`).

        hugepages_mb: reserve that much for the data plane; 0: it runs on ordinary pages.
        keep: leave everything running and in place on exit.
        """
        self.tree = Path(tree or os.environ.get('TERMINUS_TREE') or ROOT / 'build').absolute()
        self.lac_addresses = config.lac_addresses(lacs)
        self.workers = workers
        self.hugepages_mb = hugepages_mb
        self.mtu = mtu
        self.keep = keep
        Lab._made += 1
        self.prefix = f'lab{os.getpid()}-{Lab._made}'
        self.processes = []
        self.captures = []
        self.namespaces = []
        self.dataplane = None
        self.controlplane = None
        self._hugepages = None

    # --- coming and going ---

    @property
    def hugepages_before(self):
        """The machine's own number of hugepages, None if we did not touch it."""
        return self._hugepages.before if self._hugepages else None

    def __enter__(self):
        if os.geteuid() != 0:
            raise LabError('needs root: network namespaces and XDP')
        missing = [name for name in PROGRAMS if not self.program(name).is_file()]
        if missing:
            build = 'scripts/build' + (' release' if self.tree.name == 'build-release' else '')
            raise LabError(f'not built in {self.tree}: {", ".join(missing)}; run {build}')
        self.directory = Path(tempfile.mkdtemp(prefix=f'{self.prefix}-'))
        self.run_dir = self.directory / 'run'
        self.run_dir.mkdir()
        self._leaks = LeakCheck()
        try:
            if self.hugepages_mb:
                self._hugepages = Hugepages(self.hugepages_mb)
            self._build_network()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if self.keep:
            return
        try:
            self.stop_processes()
            leaks = self.leaks()
        finally:
            self._remove(keep_logs=error is not None)
        if leaks and error is None:
            raise LabError('left behind: ' + '; '.join(leaks))

    def _build_network(self):
        self.lns, self.lac, self.host, self.subscriber = (
            self._namespace(role) for role in ('lns', 'lac', 'host', 'sub'))
        connect(self.lns, config.ACCESS_INTERFACE, self.lac, 'lac0', self.mtu)
        connect(self.lns, config.CORE_INTERFACE, self.host, 'host0', self.mtu)
        access, core = config.ACCESS_PREFIX_LENGTH, config.CORE_PREFIX_LENGTH
        self.lns.add_address(config.ACCESS_INTERFACE, f'{config.LNS_ADDRESS}/{access}')
        self.lns.add_address(config.CORE_INTERFACE, f'{config.CORE_ADDRESS}/{core}')
        for address in self.lac_addresses:
            self.lac.add_address('lac0', f'{address}/{access}')
        self.host.add_address('host0', f'{config.HOST_ADDRESS}/{core}')
        self.host.add_route(config.POOLS, config.CORE_ADDRESS)
        core6 = config.CORE_PREFIX_LENGTH6
        self.lns.add_address(config.CORE_INTERFACE, f'{config.CORE_ADDRESS6}/{core6}')
        self.host.add_address('host0', f'{config.HOST_ADDRESS6}/{core6}')
        self.host.add_route(config.POOLS6, config.CORE_ADDRESS6)

    def _namespace(self, role):
        namespace = Namespace(f'{self.prefix}-{role}')
        self.namespaces.append(namespace)
        return namespace

    def stop_processes(self):
        """Ends everything the lab started: politely, then not. Captures keep their file."""
        for capture in self.captures:
            capture.stop()
        stubborn = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except LabError:
                stubborn.append(process.name)
                process.kill()
        self.processes, self.captures = [], []
        if stubborn:
            raise LabError(f'did not end on SIGTERM: {", ".join(stubborn)}')

    def leaks(self):
        """What ended processes left behind, one line each."""
        return self._leaks.find(self.namespaces, self.run_dir)

    def _remove(self, keep_logs=False):
        for process in self.processes:
            process.kill()
        for capture in self.captures:
            capture.kill()
        for namespace in self.namespaces:
            namespace.remove()
        self.namespaces = []
        if self._hugepages:
            self._hugepages.restore()
            self._hugepages = None
        if keep_logs:
            print(f'logs and configuration: {self.directory}')
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- programs ---

    def program(self, name):
        return self.tree / PROGRAMS[name] / name

    def start(self, name, command, namespace=None, **options):
        """A program in the background that the lab ends on exit."""
        process = Process(name, command, self.directory / f'{name}.log',
                          netns=namespace.name if namespace else None, **options)
        self.processes.append(process)
        return process

    def other_cores(self):
        """The CPUs that no worker polls on."""
        return os.sched_getaffinity(0) - set(config.cores(self.workers)[1])

    def dataplane_config(self, **options):
        options.setdefault('workers', self.workers)
        if self.hugepages_mb:
            options.setdefault('hugepages', True)
            options.setdefault('megabytes', self.hugepages_mb)
        return config.dataplane(self.run_dir, **options)

    def controlplane_config(self, **options):
        return config.controlplane(self.run_dir, **options)

    def spawn_dataplane(self, settings=None):
        """Starts lns-dataplane without waiting for it."""
        path = config.write(self.directory / 'dataplane.yaml', settings or self.dataplane_config())
        return self.start('lns-dataplane', [self.program('lns-dataplane'), '--config', path],
                          self.lns)

    def spawn_controlplane(self, settings=None):
        path = config.write(self.directory / 'controlplane.yaml',
                            settings or self.controlplane_config())
        return self.start('lns-controlplane', [self.program('lns-controlplane'), '--config', path],
                          self.lns, cores=self.other_cores())

    def start_dataplane(self, settings=None):
        """Starts lns-dataplane and waits until it answers."""
        self.dataplane = self.spawn_dataplane(settings)
        self._wait_for(self.dataplane, lambda: self.lnsctl('workers', check=False) is not None)
        return self.dataplane

    def start_controlplane(self, settings=None):
        """Starts lns-controlplane and waits until it answers and holds the data plane."""
        self.controlplane = self.spawn_controlplane(settings)
        self._wait_for(self.controlplane, self.connected)
        return self.controlplane

    def start_lns(self, dataplane=None, controlplane=None):
        self.start_dataplane(dataplane)
        self.start_controlplane(controlplane)

    @staticmethod
    def _wait_for(process, ready):
        def look():
            if not process.running():
                raise LabError(f'{process.name} ended with status {process.status}:\n'
                               + process.output())
            return ready()
        wait_until(look, lambda: f'{process.name} to be ready; it said:\n{process.output()}',
                   START_TIMEOUT_S)

    def connected(self):
        """The control plane answers, has the data plane, and has the punt memory."""
        status = self.lnsctl('status', check=False)
        return bool(status and status.get('dataplane_connected') and status.get('punt_attached'))

    # --- asking ---

    def lnsctl(self, *words, check=True):
        """`lnsctl --json WORDS...`, parsed; None when it fails and check is off."""
        done = run([self.program('lnsctl'), '--run-dir', self.run_dir, '--json', *words],
                   check=False)
        if done.returncode != 0:
            if check:
                raise LabError(f'lnsctl {" ".join(map(str, words))}: status {done.returncode}: '
                               + done.stderr.strip())
            return None
        return json.loads(done.stdout)

    def sessions(self):
        return self.lnsctl('session', 'list')

    def tunnels(self):
        return self.lnsctl('tunnel', 'list')

    # --- peers ---

    def lacsim_command(self, *words, report, secret=config.SECRET, pps=0, seconds=0,
                       lac_address=None, host=config.HOST_ADDRESS, lac=None, core=None):
        """lac, core: namespaces other than the lab's own."""
        command = [self.program('lacsim'), '--lns', config.LNS_ADDRESS,
                   '--netns', (lac or self.lac).name, '--core-netns', (core or self.host).name,
                   '--host', host, '--password', config.PASSWORD, '--lac-addresses',
                   lac_address or f'{self.lac_addresses[0]}/{len(self.lac_addresses)}',
                   '--json', report]
        if secret:
            command += ['--secret', secret]
        if pps:
            command += ['--traffic-pps', pps, '--traffic-seconds', seconds]
        return command + list(words)

    def start_lacsim(self, *words, **options):
        """lacsim in the background; its report is process.report once it ended."""
        report = self.directory / f'lacsim-{len(self.processes)}.json'
        # Not in a namespace itself: it opens its sockets in those it is told.
        process = self.start('lacsim', self.lacsim_command(*words, report=report, **options),
                             cores=self.other_cores())
        process.report = report
        return process

    def lacsim(self, *words, timeout=120, check=True, **options):
        """Runs lacsim to its end; its report. LabError when it says it failed and check is on."""
        process = self.start_lacsim(*words, **options)
        status = process.wait(timeout)
        self.processes.remove(process)
        if check and status != 0:
            raise LabError(f'lacsim: status {status}\n{process.output()}')
        return self.report_of(process)

    @staticmethod
    def report_of(process):
        if not process.report.is_file():
            raise LabError(f'lacsim left no report (status {process.status}):\n{process.output()}')
        return json.loads(process.report.read_text())

    def capture(self, namespace, interface, name, capture_filter=''):
        """Records an interface from now until the lab's processes are stopped."""
        capture = Capture(namespace, interface, self.directory / f'{name}.pcap', capture_filter)
        self.captures.append(capture)
        return capture
