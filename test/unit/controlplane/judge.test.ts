import { expect } from 'chai';
import { judge } from '../../../controlplane/judge.js';
import type { ListedComponent, Readiness, Reading } from '../../../controlplane/reading.js';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';

const listed = (...components: readonly ListedComponent[]): Reading => ({
  source: 'componentstatuses',
  components,
});
const checks = (...names: readonly string[]): Readiness['checks'] =>
  names.map((name) => ({ name: name.slice(1), passed: name.startsWith('+') }));
const asked = (isReady: boolean, names: readonly string[], listFault?: FaultCode): Reading => ({
  source: 'readyz',
  readiness: ok({ isReady, checks: checks(...names) }),
  listFault: listFault && new Fault(listFault, 'no list'),
});
const unasked = (code: FaultCode): Reading => ({
  source: 'readyz',
  readiness: fail(new Fault(code, 'GET /readyz: why')),
  listFault: undefined,
});

/** Component, status, message. */
type Expected = readonly (readonly [string, string, string])[];

const cases: readonly (readonly [string, Reading, Expected, string])[] = [
  [
    'a list: each component by its condition, and the API server, which gave it',
    listed(
      { name: 'etcd-0', health: 'healthy', message: 'ok' },
      { name: 'scheduler', health: 'unhealthy', message: 'connection refused' },
      { name: 'controller-manager', health: 'unknown', message: 'no probe' },
    ),
    [
      ['apiserver', 'ok', 'answers'],
      ['etcd-0', 'ok', 'ok'],
      ['scheduler', 'critical', 'connection refused'],
      ['controller-manager', 'unknown', 'no probe'],
    ],
    'no longer listed',
  ],
  [
    'a list that names the API server itself',
    listed({ name: 'apiserver', health: 'unhealthy', message: 'tired' }),
    [['apiserver', 'critical', 'tired']],
    'no longer listed',
  ],
  ['an empty list', listed(), [['apiserver', 'ok', 'answers']], 'no longer listed'],
  [
    '/readyz that passed',
    asked(true, ['+ping', '+etcd', '+etcd-readiness']),
    [
      ['apiserver', 'ok', 'ready'],
      ['etcd', 'ok', 'reached by the API server'],
    ],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz without etcd',
    asked(false, ['+ping', '-etcd', '-etcd-readiness', '-informer-sync']),
    [
      ['apiserver', 'critical', 'not ready; failed: etcd, etcd-readiness, informer-sync'],
      ['etcd', 'critical', 'not reached by the API server; failed: etcd, etcd-readiness'],
    ],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz of a server that starts, with etcd',
    asked(false, ['+etcd', '-poststarthook/x']),
    [
      ['apiserver', 'critical', 'not ready; failed: poststarthook/x'],
      ['etcd', 'ok', 'reached by the API server'],
    ],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz that lists nothing',
    asked(true, []),
    [['apiserver', 'ok', 'ready']],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz that lists nothing and failed',
    asked(false, []),
    [['apiserver', 'critical', 'not ready; it does not say which checks failed']],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz of a cluster without the list',
    asked(true, ['+etcd'], 'kube.not_found'),
    [
      ['apiserver', 'ok', 'ready'],
      ['etcd', 'ok', 'reached by the API server'],
    ],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz of a cluster that denies the list',
    asked(true, ['+etcd'], 'kube.denied'),
    [
      ['apiserver', 'ok', 'ready'],
      ['etcd', 'ok', 'reached by the API server'],
    ],
    'no longer listed, as only /readyz can be read',
  ],
  [
    '/readyz where the list only failed now: etcd that is lost, under the names of the list',
    asked(false, ['-etcd'], 'kube.unreachable'),
    [
      ['apiserver', 'critical', 'not ready; failed: etcd'],
      ['etcd-0', 'critical', 'not reached by the API server; failed: etcd'],
      ['etcd-1', 'critical', 'not reached by the API server; failed: etcd'],
    ],
    'not known: no list',
  ],
  [
    '/readyz where the list only failed now, with etcd: nothing of its servers, as one may be broken',
    asked(true, ['+etcd', '+etcd-readiness'], 'kube.unreachable'),
    [['apiserver', 'ok', 'ready']],
    'not known: no list',
  ],
  [
    'no answer at all',
    unasked('kube.unreachable'),
    [['apiserver', 'critical', 'does not answer: GET /readyz: why']],
    'not known: GET /readyz: why',
  ],
  [
    '/readyz denied: the API server answers, and nobody says that it is well',
    unasked('kube.denied'),
    [['apiserver', 'unknown', 'does not say how it is: GET /readyz: why']],
    'not known: GET /readyz: why',
  ],
  [
    'no /readyz, as before Kubernetes 1.16',
    unasked('kube.not_found'),
    [['apiserver', 'unknown', 'does not say how it is: GET /readyz: why']],
    'not known: GET /readyz: why',
  ],
];

describe('judge', () => {
  for (const [title, reading, expected, absence] of cases) {
    it(title, () => {
      const judged = judge(reading, ['apiserver', 'etcd-0', 'etcd-1', 'scheduler', 'etcd-backup']);
      expect(judged.states.map(({ name, status, message }) => [name, status, message])).to.deep.equal(
        expected,
      );
      expect(judged.absence).to.equal(absence);
    });
  }
});
