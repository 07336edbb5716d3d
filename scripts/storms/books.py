# Goes through accounting records one by one, as a RADIUS server wrote them down. A record that came
# twice word for word (but for how late it is, Acct-Delay-Time) is one record: its acknowledgement
# was lost, and servers know it by session, kind and time.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Whether every session's records are there, once, in order, and whole."""

import collections
from dataclasses import dataclass, field

# Interims are due a tenth earlier or later; and what a busy machine adds.
INTERIM_SPREAD = 1.1
PATIENCE_S = 5
SHOWN_FAULTS = 10


@dataclass
class Ledger:
    """One session's records."""
    user: str = ''
    kinds: list = field(default_factory=list)
    times: list = field(default_factory=list)  # Event-Timestamp is a text; seconds of session
    counts: list = field(default_factory=list)
    delays: list = field(default_factory=list)

    def faults(self, interim_s):
        if self.kinds[:1] != ['Start'] or self.kinds.count('Start') != 1:
            yield f'Starts: {self.kinds}'
        if self.kinds[-1:] != ['Stop'] or self.kinds.count('Stop') != 1:
            yield f'Stops: {self.kinds}'
        if self.times != sorted(self.times):
            yield f'not in order: {self.times}'
        if any(later < earlier for earlier, later in zip(self.counts, self.counts[1:])):
            yield f'counts that go back: {self.counts}'
        gaps = [later - earlier for earlier, later in zip(self.times, self.times[1:])]
        if interim_s and max(gaps, default=0) > interim_s * INTERIM_SPREAD + PATIENCE_S:
            yield f'an Interim is missing: records at {self.times}'


class Books:
    def __init__(self, records):
        self.ledgers = collections.defaultdict(Ledger)
        self.kinds = collections.Counter()  # different records, by kind
        self.repeated = 0
        self.stop_packets = collections.Counter()
        self.causes = collections.Counter()
        seen = set()
        for record in records:
            said = frozenset((name, value) for name, value in record.items()
                             if name not in ('Acct-Delay-Time', 'Timestamp'))
            identity = hash(said)
            if identity in seen:
                self.repeated += 1
                continue
            seen.add(identity)
            self._enter(record)

    def _enter(self, record):
        kind = record['Acct-Status-Type']
        self.kinds[kind] += 1
        if kind not in ('Start', 'Interim-Update', 'Stop'):
            return
        ledger = self.ledgers[record['Acct-Session-Id']]
        ledger.user = record['User-Name']
        ledger.kinds.append(kind)
        ledger.times.append(int(record.get('Acct-Session-Time', 0)))
        ledger.counts.append(int(record.get('Acct-Input-Packets', 0)))
        ledger.delays.append(int(record['Acct-Delay-Time']))
        if kind == 'Stop':
            for direction in ('Input', 'Output'):
                self.stop_packets[direction] += int(record[f'Acct-{direction}-Packets'])
            self.causes[record['Acct-Terminate-Cause']] += 1

    @property
    def latest(self):
        """The longest that a record waited, in seconds."""
        return max((max(ledger.delays) for ledger in self.ledgers.values()), default=0)

    def faults(self, interim_s=0):
        """What is wrong with any session's records, one line each, the first few and a count."""
        found = [f'{session} ({ledger.user}): {fault}' for session, ledger in self.ledgers.items()
                 for fault in ledger.faults(interim_s)]
        if len(found) > SHOWN_FAULTS:
            return found[:SHOWN_FAULTS] + [f'... {len(found)} in all']
        return found
