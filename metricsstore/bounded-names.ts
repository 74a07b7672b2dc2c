/** A label's value may be so long, in characters; a query that is longer has no series of its own. */
const longestName = 500;

/** Chooses which names are told one by one: at most so many, and those of before as long as they are there. */
export class BoundedNames {
  readonly #max: number;
  #chosen: ReadonlySet<string> = new Set();

  constructor(options: { readonly max: number }) {
    this.#max = options.max;
  }

  /** @param all the names of now, as keys */
  choose(all: ReadonlyMap<string, unknown>): ReadonlySet<string> {
    const chosen = new Set([...this.#chosen].filter((name) => all.has(name)));
    for (const name of all.keys()) {
      if (chosen.size >= this.#max) break;
      if (name.length <= longestName) chosen.add(name);
    }
    this.#chosen = chosen;
    return chosen;
  }
}
