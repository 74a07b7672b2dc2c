import type { Requirement } from '../../core/selector.js';
import { parseSelector } from '../../core/selector-text.js';
import { badRequest } from './api-error.js';
import type { Kind } from './kinds.js';
import { fieldAt, type KubeObject } from './object.js';

/** Whether an object is among those that a request asked for. */
export type Choice = (object: KubeObject) => boolean;

/** What a request narrows a collection to; empty texts select everything. */
export interface Selection {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** Reads both selectors; throws a 400 with the words of a real server. */
export function toChoice(kind: Kind, selection: Selection): Choice {
  const choices: Choice[] = [];
  if (selection.namespace !== '') choices.push((object) => object.metadata.namespace === selection.namespace);
  if (selection.labelSelector !== '') choices.push(byLabels(selection.labelSelector));
  for (const term of fieldTerms(selection.fieldSelector)) choices.push(byField(kind, term));
  return (object) => choices.every((choice) => choice(object));
}

function byLabels(text: string): Choice {
  const selector = parseSelector(text);
  if (!selector.ok) throw badRequest(selector.error);
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return selector.value.every((requirement) => isMet(requirement, labels));
  };
}

function isMet(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notIn':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'doesNotExist':
      return value === undefined;
    case 'gt':
      return value !== undefined && /^[+-]?\d+$/.test(value) && BigInt(value) > BigInt(requirement.value);
    case 'lt':
      return value !== undefined && /^[+-]?\d+$/.test(value) && BigInt(value) < BigInt(requirement.value);
  }
}

interface FieldTerm {
  readonly field: string;
  readonly isNegated: boolean;
  readonly value: string;
}

function fieldTerms(text: string): readonly FieldTerm[] {
  return text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      return { field: match[1] ?? '', isNegated: match[2] === '!=', value: match[3] ?? '' };
    });
}

function byField(kind: Kind, term: FieldTerm): Choice {
  const known = ['metadata.name', 'metadata.namespace', ...kind.selectableFields];
  if (!known.includes(term.field)) throw badRequest(`field label not supported: ${term.field}`);
  const path = term.field.split('.');
  return (object) => {
    const value: unknown = fieldAt(object, ...path) ?? '';
    return (value === term.value) !== term.isNegated;
  };
}

/** The one name that a field selector admits, if it admits just one; authorization then knows the name too. */
export function nameInFieldSelector(text: string): string | undefined {
  const match = /(?:^|,)metadata\.name==?([^,]+)/.exec(text);
  return match?.[1];
}
