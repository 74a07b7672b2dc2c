import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { AccessRequest } from '../core/user.js';
import { isGone } from '../http/exchanges.js';
import { type Answer, allEncodings, faultAnswer, notAcceptableMessage, send } from './answer.js';
import type { AnswerLog } from './answer-log.js';
import type { Form } from './encode.js';
import type { ExternalMetrics, Finding, RefusedFinding } from './external-metrics.js';
import type { FirstRecord } from './first-record.js';
import type { Gate } from './gate.js';
import type { Identity } from './identity.js';
import type { LastAnswers } from './last-answers.js';
import { explain, type Witnesses } from './messages.js';
import type { Negotiator } from './negotiator.js';
import type { AnyRequest, AnyResponse } from './peer.js';
import { RenderedValues } from './rendered-values.js';
import {
  accessOf,
  apiGroup,
  type MetricQuestion,
  type MetricRoute,
  parseRequestPath,
} from './request-path.js';
import type { Traffic } from './traffic.js';

/** What a metric's path means, with what to ask the authorizer. */
interface MetricTarget {
  readonly route: MetricRoute;
  readonly access: AccessRequest;
}

/** One request under way. */
interface MetricExchange {
  readonly request: AnyRequest;
  readonly response: AnyResponse;
  readonly target: MetricTarget;
  /** `undefined` when the request accepts none that is offered. */
  readonly form: Form | undefined;
  readonly startedMs: number;
  /** Once it has been let in. */
  sender: Identity | undefined;
}

/** What the lane leads past. */
export interface MetricLanePorts {
  readonly gate: Gate;
  readonly metrics: ExternalMetrics;
  readonly firstRecord: FirstRecord;
  readonly witnesses: Witnesses;
  readonly negotiator: Negotiator;
  readonly traffic: Traffic;
  readonly log: AnswerLog;
  readonly lastAnswers: LastAnswers;
  readonly clock: Clock;
}

const maxTargets = 4_096;
const maxTargetLength = 1_024;

/**
 * The road of a metric's GET, which nearly all requests take. From the second request on it costs a few look-ups: the
 * request target, the peer's trust, its identity, its permission, the record and its bytes are all remembered.
 */
export class MetricLane {
  readonly #ports: MetricLanePorts;
  readonly #values = new RenderedValues();
  readonly #targets = new LRUCache<string, MetricTarget>({ max: maxTargets });

  constructor(ports: MetricLanePorts) {
    this.#ports = ports;
  }

  /** Answers a GET of a metric. Any other request is left alone, and the result is `false`. */
  take(request: AnyRequest, response: AnyResponse): boolean {
    if (request.method !== 'GET') return false;
    const target = this.#targetOf(request.url ?? '');
    if (target === undefined) return false;
    const startedMs = this.#ports.clock.monotonicMs();
    const form = this.#ports.negotiator.formOf(request, allEncodings, target.route.isPretty);
    const exchange: MetricExchange = { request, response, target, form, startedMs, sender: undefined };
    const answer = this.#answerAtOnce(exchange);
    if (answer !== undefined) this.#finish(exchange, answer);
    else
      this.#answerLater(exchange)
        .then((late) => this.#finish(exchange, late))
        .catch((error: unknown) => this.#ports.log.failed(error, target.route.name));
    return true;
  }

  /** The answer, if nothing has to be waited for; nearly always so, and a promise would cost as much as the rest. */
  #answerAtOnce(exchange: MetricExchange): Answer | undefined {
    const { request, target, form } = exchange;
    try {
      exchange.sender = this.#ports.gate.pass(request, target.access);
      if (exchange.sender === undefined) return undefined;
      const wanted = formOf(exchange);
      const question = questionOf(exchange);
      const finding = this.#ports.metrics.find(question.id);
      return isOpen(finding) ? undefined : this.#render(finding, question, wanted);
    } catch (error: unknown) {
      return this.#answerError(error, target, form);
    }
  }

  /** The answer, after the cluster's word on the sender and the metric's first record, as far as they are needed. */
  async #answerLater(exchange: MetricExchange): Promise<Answer> {
    const { gate, metrics, firstRecord } = this.#ports;
    const { request, response, target, form } = exchange;
    try {
      exchange.sender ??= await gate.admit(request, target.access);
      const wanted = formOf(exchange);
      const question = questionOf(exchange);
      if (isOpen(metrics.find(question.id)))
        await untilGone(response, (signal) => firstRecord.wait(question.id, signal));
      return this.#render(metrics.find(question.id), question, wanted);
    } catch (error: unknown) {
      return this.#answerError(error, target, form);
    }
  }

  #finish(exchange: MetricExchange, answer: Answer): void {
    const { clock, traffic } = this.#ports;
    send(exchange.response, answer);
    traffic.metricAnswered('get', answer.status, clock.monotonicMs() - exchange.startedMs);
    this.#remember(exchange, answer);
  }

  /** After the answer, so that nobody waits for it. */
  #remember({ request, sender, target: { route } }: MetricExchange, { status }: Answer): void {
    if (!route.question.ok) return;
    const identity = sender ?? this.#ports.gate.senderOf(request);
    const user = identity?.user.name ?? 'nobody known';
    const atMs = this.#ports.clock.nowMs();
    this.#ports.lastAnswers.note(route.question.value.id, { user, status, atMs });
  }

  #render(finding: Finding, question: MetricQuestion, form: Form): Answer {
    if (finding.state !== 'value') return this.#refuse(finding, question, form);
    const answer = this.#values.of(finding.record, form);
    this.#ports.log.served(question.id);
    return answer;
  }

  #refuse(finding: RefusedFinding, question: MetricQuestion, form: Form): Answer {
    const { reason, seen, message } = explain(finding, question, this.#ports.witnesses);
    this.#ports.log.notServed(question.id, reason, message);
    const fault = new Fault(
      finding.state === 'unknown' ? 'request.not_found' : 'metric.unavailable',
      message,
    );
    const causes = [{ reason, message: seen }];
    return faultAnswer(fault, form, {
      name: question.key.name,
      group: apiGroup,
      kind: 'ExternalMetricValueList',
      causes,
    });
  }

  #answerError(error: unknown, { route }: MetricTarget, form: Form | undefined): Answer {
    const fault = toFault(error, this.#ports.log, route.name);
    const details = fault.code === 'request.forbidden' ? { group: apiGroup, kind: route.name } : undefined;
    return faultAnswer(fault, form ?? 'json', details);
  }

  #targetOf(url: string): MetricTarget | undefined {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const route = parseRequestPath(url);
    if (route.kind !== 'metric') return undefined;
    const target = { route, access: accessOf(route, 'GET') };
    if (url.length <= maxTargetLength) this.#targets.set(url, target);
    return target;
  }
}

/** Fault, thrown: `request.not_acceptable`. */
function formOf({ form }: MetricExchange): Form {
  if (form === undefined) throw new Fault('request.not_acceptable', notAcceptableMessage);
  return form;
}

/** What is asked for. Faults, thrown: whatever is wrong with the question. */
function questionOf({ target }: MetricExchange): MetricQuestion {
  const { question } = target.route;
  if (!question.ok) throw question.error;
  return question.value;
}

/** Whether a first record may still come. */
function isOpen({ state }: Finding): boolean {
  return state === 'pending' || state === 'unknown';
}

/** Whatever was thrown, as a fault that may be shown; a bug is logged, and shown without its text. */
export function toFault(error: unknown, log: AnswerLog, target: string): Fault {
  if (!(error instanceof Fault)) {
    log.failed(error, target);
    return new Fault(
      'server.internal',
      "Internal error occurred: this is a bug; the replica's log holds its trace",
    );
  }
  if (error.code === 'server.internal' || error.code === 'kube.unreachable') log.reviewFailed(error.message);
  return error;
}

/** Lets `work` wait, but no longer than the client does. */
async function untilGone(response: AnyResponse, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  if (isGone(response)) leave();
  await work(gone.signal);
  response.off('close', leave);
}
