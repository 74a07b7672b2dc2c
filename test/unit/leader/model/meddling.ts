import { leaderAnnotation } from '../../../../kube/annotation-lock.js';
import { type JsonObject, toObject, toTexts, valueAt } from '../../../../kube/json.js';

/** What people and other programs do to an object of leader election. */
export const meddlings = ['touch', 'delete', 'wipe', 'shorten', 'spoil', 'usurp'] as const;
type Change = Exclude<(typeof meddlings)[number], 'delete'>;

/** The object after it; `mark` makes each touch another. */
export function meddledWith(found: JsonObject, change: Change, mark: string): JsonObject {
  const metadata = toObject(found['metadata']) ?? {};
  if (change === 'touch') return { ...found, metadata: { ...metadata, labels: { mark } } };
  if (found['kind'] === 'Lease') return { ...found, spec: spoilSpec(change, found['spec']) };
  const annotations = toTexts(valueAt(metadata, 'annotations'));
  const record = spoilRecord(change, annotations[leaderAnnotation] ?? '');
  return { ...found, metadata: { ...metadata, annotations: { ...annotations, [leaderAnnotation]: record } } };
}

type Spoiling = Exclude<Change, 'touch'>;

function spoilSpec(change: Spoiling, spec: unknown): object {
  const before = toObject(spec) ?? {};
  switch (change) {
    case 'wipe':
      return {};
    case 'shorten':
      return { ...before, leaseDurationSeconds: 1 };
    case 'spoil':
      return { ...before, leaseDurationSeconds: 2 ** 31 - 1, renewTime: 'noon' };
    case 'usurp':
      return { ...before, holderIdentity: 'nobody' };
  }
}

function spoilRecord(change: Spoiling, record: string): string {
  switch (change) {
    case 'wipe':
      return '{}';
    case 'shorten':
      return record.replace(/"leaseDurationSeconds":\d+/, '"leaseDurationSeconds":1');
    case 'spoil':
      return record.slice(0, -1);
    case 'usurp':
      return record.replace(/"holderIdentity":"[^"]*"/, '"holderIdentity":"nobody"');
  }
}
