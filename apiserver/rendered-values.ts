import { type Answer, objectAnswer } from './answer.js';
import type { Form } from './encode.js';
import type { ValidRecord } from './external-metrics.js';
import { toValueList } from './value-list.js';

/** The answers for valid records, each written once per form and kept as long as the record lives. */
export class RenderedValues {
  readonly #answers = new WeakMap<ValidRecord, Map<Form, Answer>>();

  of(record: ValidRecord, form: Form): Answer {
    return this.#answers.get(record)?.get(form) ?? this.#render(record, form);
  }

  #render(record: ValidRecord, form: Form): Answer {
    const answer = objectAnswer(200, toValueList(record), form);
    const known = this.#answers.get(record);
    if (known === undefined) this.#answers.set(record, new Map([[form, answer]]));
    else known.set(form, answer);
    return answer;
  }
}
