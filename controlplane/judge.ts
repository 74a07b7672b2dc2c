import { isWithoutList, type ListedComponent, type Readiness, type Reading } from './reading.js';

/** How a part of the control plane does, as a service check says it. */
export interface ComponentState {
  readonly name: string;
  readonly status: 'ok' | 'critical' | 'unknown';
  readonly message: string;
}

/** What a look says of the components, and why it says nothing of others. */
export interface Judgement {
  readonly states: readonly ComponentState[];
  /** Why a component that was known before is none of them; a clause that follows "since". */
  readonly absence: string;
}

/** kube-apiserver itself, which no list of its own names. */
const apiServer = 'apiserver';
/** The checks of /readyz that ask etcd. */
const etcdChecks = ['etcd', 'etcd-readiness'];

/** What a list calls etcd: one name for each of its servers. */
const etcdName = /^etcd(-\d+)?$/;

/**
 * A look → states. An API server that gave its list works; one that does not answer at all is critical.
 *
 * @param known the names of the components that are reported so far
 */
export function judge(reading: Reading, known: readonly string[]): Judgement {
  if (reading.source === 'componentstatuses') {
    const listed = reading.components.map(toState);
    const isListed = listed.some(({ name }) => name === apiServer);
    const own: ComponentState = { name: apiServer, status: 'ok', message: 'answers' };
    return { states: isListed ? listed : [own, ...listed], absence: 'no longer listed' };
  }
  const { readiness, listFault } = reading;
  if (!readiness.ok) {
    const { code, message } = readiness.error;
    const isAway = code === 'kube.unreachable';
    const state: ComponentState = isAway
      ? { name: apiServer, status: 'critical', message: `does not answer: ${message}` }
      : { name: apiServer, status: 'unknown', message: `does not say how it is: ${message}` };
    return { states: [state], absence: `not known: ${message}` };
  }
  const etcd = etcdState(readiness.value);
  if (listFault !== undefined && !isWithoutList(listFault)) {
    const states = [apiServerState(readiness.value), ...underKnownNames(etcd, known)];
    return { states, absence: `not known: ${listFault.message}` };
  }
  return {
    states: [apiServerState(readiness.value), ...etcd],
    absence: 'no longer listed, as only /readyz can be read',
  };
}

/**
 * Without etcd the list comes after 20 s, too late, but /readyz says so in time. Under the names of the list, so that none
 * comes up that a later list would lack. That etcd was reached is no word on each of its servers.
 */
function underKnownNames(
  etcd: readonly ComponentState[],
  known: readonly string[],
): readonly ComponentState[] {
  const names = known.filter((name) => etcdName.test(name));
  const broken = etcd.filter(({ status }) => status === 'critical');
  return names.flatMap((name) => broken.map((state) => ({ ...state, name })));
}

function toState({ name, health, message }: ListedComponent): ComponentState {
  switch (health) {
    case 'healthy':
      return { name, status: 'ok', message };
    case 'unhealthy':
      return { name, status: 'critical', message };
    case 'unknown':
      return { name, status: 'unknown', message };
  }
}

function apiServerState({ isReady, checks }: Readiness): ComponentState {
  if (isReady) return { name: apiServer, status: 'ok', message: 'ready' };
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
  const why = failed.length === 0 ? 'it does not say which checks failed' : `failed: ${failed.join(', ')}`;
  return { name: apiServer, status: 'critical', message: `not ready; ${why}` };
}

/** Nothing where the API server has no check of etcd. */
function etcdState({ checks }: Readiness): readonly ComponentState[] {
  const own = checks.filter(({ name }) => etcdChecks.includes(name));
  if (own.length === 0) return [];
  const failed = own.filter(({ passed }) => !passed).map(({ name }) => name);
  return failed.length === 0
    ? [{ name: 'etcd', status: 'ok', message: 'reached by the API server' }]
    : [
        {
          name: 'etcd',
          status: 'critical',
          message: `not reached by the API server; failed: ${failed.join(', ')}`,
        },
      ];
}
