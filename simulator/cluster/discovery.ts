import { apiVersionOf, type Kind, type Subresource } from './kinds.js';
import type { ReviewKind } from './reviews.js';

/** A group and version that somebody serves: this stand-in, or a backend behind an APIService. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** The discovery documents of the stand-in: which groups, which versions, which resources. */
export class Discovery {
  readonly #kinds: readonly Kind[];
  readonly #reviews: readonly ReviewKind[];
  readonly #gitVersion: string;

  constructor(
    served: { readonly kinds: readonly Kind[]; readonly reviews: readonly ReviewKind[] },
    gitVersion: string,
  ) {
    this.#kinds = served.kinds;
    this.#reviews = served.reviews;
    this.#gitVersion = gitVersion;
  }

  /** The document at `path`, or `undefined` where there is none. `aggregated` are the groups of APIServices. */
  document(path: string, aggregated: readonly GroupVersion[]): object | undefined {
    const [root, group, version, ...rest] = path.split('/').filter((part) => part !== '');
    if (rest.length > 0 || (root === 'api' && version !== undefined)) return undefined;
    if (root === 'version' && group === undefined) return this.#version();
    if (root === 'api') return this.#core(group);
    if (root !== 'apis') return undefined;
    if (group === undefined)
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groups(aggregated) };
    if (version === undefined) return this.#group(group, aggregated);
    return this.#resources(group, version);
  }

  #version(): object {
    const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(this.#gitVersion) ?? [];
    return { major, minor, gitVersion: this.#gitVersion, platform: 'linux/amd64' };
  }

  #core(version: string | undefined): object | undefined {
    return version === undefined
      ? { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
      : this.#resources('', version);
  }

  #groupVersions(aggregated: readonly GroupVersion[]): readonly GroupVersion[] {
    return [...this.#kinds, ...this.#reviews, ...aggregated].filter(({ group }) => group !== '');
  }

  #groups(aggregated: readonly GroupVersion[]): readonly object[] {
    const names = new Set(this.#groupVersions(aggregated).map(({ group }) => group));
    return [...names].flatMap((name) => this.#groupEntry(name, aggregated) ?? []);
  }

  #group(name: string, aggregated: readonly GroupVersion[]): object | undefined {
    const entry = this.#groupEntry(name, aggregated);
    return entry === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...entry };
  }

  #groupEntry(name: string, aggregated: readonly GroupVersion[]): object | undefined {
    const own = this.#groupVersions(aggregated).filter(({ group }) => group === name);
    const names = [...new Set(own.map(({ version }) => version))];
    const versions = names.map((version) => ({
      groupVersion: apiVersionOf({ group: name, version }),
      version,
    }));
    return versions[0] === undefined ? undefined : { name, versions, preferredVersion: versions[0] };
  }

  #resources(group: string, version: string): object | undefined {
    const here = (one: GroupVersion): boolean => one.group === group && one.version === version;
    const resources = [
      ...this.#kinds.filter(here).flatMap(entriesOf),
      ...this.#reviews.filter(here).map(reviewEntry),
    ];
    if (resources.length === 0) return undefined;
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: apiVersionOf({ group, version }),
      resources,
    };
  }
}

function entriesOf(kind: Kind): readonly object[] {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  const { resource: name, isNamespaced: namespaced, shortNames } = kind;
  const main = {
    name,
    singularName: kind.kind.toLowerCase(),
    namespaced,
    kind: kind.kind,
    verbs,
    shortNames,
  };
  return [main, ...kind.subresources.map((subresource) => subresourceEntry(kind, subresource))];
}

function subresourceEntry(kind: Kind, subresource: Subresource): object {
  const verbs = ['get', 'patch', 'update'];
  const common = {
    name: `${kind.resource}/${subresource}`,
    singularName: '',
    namespaced: kind.isNamespaced,
    verbs,
  };
  return subresource === 'scale'
    ? { ...common, kind: 'Scale', group: 'autoscaling', version: 'v1' }
    : { ...common, kind: kind.kind };
}

function reviewEntry(kind: ReviewKind): object {
  return {
    name: kind.resource,
    singularName: kind.kind.toLowerCase(),
    namespaced: false,
    kind: kind.kind,
    verbs: ['create'],
  };
}
