import type { Reply } from './reply.js';
import type { Credential } from './token.js';

/** What a handler gets of a request. */
export interface Question {
  /** The decoded parts of the path that stand for names. */
  readonly names: Readonly<Record<string, string>>;
  /** The values of a query parameter, in their order. */
  query(parameter: string): readonly string[];
}

/** One thing that can be asked. Whose token opens it is said here and nowhere else. */
export interface Route {
  /** For metrics. */
  readonly handler: string;
  readonly method: 'GET' | 'POST';
  /** Segments, of which `:name` stands for any. */
  readonly path: string;
  readonly credential: Credential;
  /** Only the leader knows the answer: other replicas pass the request on. */
  readonly isLeaderOnly?: true;
  /** A promise where the answer is not in memory; it never rejects but by a bug. */
  answer(question: Question): Reply | Promise<Reply>;
}
