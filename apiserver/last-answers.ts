import { createCountedCache } from '../core/counted-cache.js';
import type { MetricId } from '../core/metric.js';

/** What was answered to whom, the last time. */
export interface PastAnswer {
  readonly user: string;
  readonly status: number;
  readonly atMs: number;
}

/** The last answers about one metric; an operator's look must not hide what the HPA controller got. */
export interface PastAnswers {
  readonly toController: PastAnswer | undefined;
  readonly toOthers: PastAnswer | undefined;
}

const maxRemembered = 10_000;
/** The HPA controller, with a service account of its own or, where it has none, as part of its manager. */
const controllers = new Set([
  'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
  'system:kube-controller-manager',
]);

/** Remembers what was last answered about each metric. An answer costs a look-up and one small object in place of another. */
export class LastAnswers {
  readonly #answers = createCountedCache<
    MetricId,
    { toController: PastAnswer | undefined; toOthers: PastAnswer | undefined }
  >(maxRemembered);

  note(id: MetricId, answer: PastAnswer): void {
    let answers = this.#answers.get(id);
    if (answers === undefined) {
      answers = { toController: undefined, toOthers: undefined };
      this.#answers.set(id, answers);
    }
    if (controllers.has(answer.user)) answers.toController = answer;
    else answers.toOthers = answer;
  }

  of(id: MetricId): PastAnswers | undefined {
    const answers = this.#answers.get(id);
    return answers && { ...answers };
  }
}
