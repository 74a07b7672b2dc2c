import type { ObjectDraft } from '../cluster/object.js';
import type { SeededRandom } from '../seeded-random.js';
import { domains, roles } from './vocabulary.js';

/** The namespace of a team, with the labels and annotations that teams and their tools leave there. */
export function toNamespace(name: string, random: SeededRandom): ObjectDraft {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: random.uuid(),
      creationTimestamp: '2026-01-05T07:00:00Z',
      labels: {
        'kubernetes.io/metadata.name': name,
        'example.com/cost-center': `${random.between(1000, 9999)}`,
        'example.com/environment': 'production',
        'example.com/team': `${random.pick(domains)}-${random.pick(roles)}`,
        'pod-security.kubernetes.io/enforce': random.isLikely(0.8) ? 'restricted' : 'baseline',
      },
      annotations: {
        'example.com/contact': `#team-${random.pick(domains)}`,
        'example.com/runbook': `https://runbooks.example.com/${name}`,
        'scheduler.alpha.kubernetes.io/node-selector': '',
      },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}
