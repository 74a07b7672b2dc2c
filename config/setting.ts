import type { Parser } from './parser.js';

/**
 * How a value is hidden where it is shown: `tail` keeps the last five characters, as Datadog's own tools do for
 * keys; `whole` keeps nothing; `credentials` hides the password within a URL.
 */
export type Secrecy = 'tail' | 'whole' | 'credentials';

/** What the caller finds around the process, standing in for a constant default. */
export interface Surroundings {
  /** The namespace of the pod's service account. */
  readonly namespace?: string;
  readonly hostName?: string;
  /** Files beside the settings file, whether there is one or not. */
  readonly authTokenPath?: string;
  readonly clusterAgentTokenPath?: string;
}

/** One row of the schema: all that is known of one setting. */
export interface Setting<T> {
  /** Environment variables. The first is the current name, the others are older or newer names of the same setting. */
  readonly environment: readonly [string, ...string[]];
  /** Variables that other programs read too; asked in this order when none of `environment` is set. */
  readonly commonEnvironment?: readonly string[];
  /** Dotted key paths in the settings file; the first is the current name. */
  readonly yaml: readonly [string, ...string[]];
  /** The long option, without dashes, and the word for its argument. */
  readonly flag?: { readonly name: string; readonly argument: string };
  readonly default: T;
  /** Taken in place of `default` when it is known. */
  readonly defaultFrom?: keyof Surroundings;
  /** Says where the default comes from, if it is not a constant. */
  readonly defaultNote?: string;
  readonly parser: Parser<T>;
  /** One or two sentences for the operator. */
  readonly help: string;
  readonly secret?: Secrecy;
}

/** Settings on one subject; the unit of printing and documentation. */
export interface Topic<Rows extends Readonly<Record<string, Setting<unknown>>>> {
  readonly title: string;
  /** Keys that begin with this are printed without it. */
  readonly yamlPrefix?: string;
  readonly rows: Rows;
}

/** A row with its type inferred from its default and its parser. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

/** A row without a default: its value is `undefined` until somebody sets it. */
export function optional<T>(
  row: Omit<Setting<T | undefined>, 'default' | 'parser'> & { readonly parser: Parser<T> },
): Setting<T | undefined> {
  return { ...row, default: undefined };
}
